//! Security settings that contradict each other (S-415, S-418).

use crate::{
    diagnostics::{Code, Diagnostic, Problems},
    model::{container::Container, pod::Pod},
};

pub(super) fn check(pod: &Pod, problems: &mut Problems) {
    for container in &pod.containers {
        check_container(container, problems);
    }
}

fn check_container(container: &Container, problems: &mut Problems) {
    if let (true, Some(user)) = (container.non_root.value, container.user.as_ref().filter(|user| user.value.0 == 0)) {
        let diagnostic = Diagnostic::new(Code::Contradiction, "user 0 is root", user.span, "root");
        problems.add(diagnostic.also(container.non_root.span, "not as root").hint("keep one of them"));
    }
    if container.no_new_privileges.value && container.privileged.value {
        let message = "a privileged container has all privileges already";
        let diagnostic = Diagnostic::new(Code::Contradiction, message, container.no_new_privileges.span, "no effect");
        problems.add(diagnostic.also(container.privileged.span, "privileged").hint("keep one of them"));
    }
    if container.group.is_some() && container.user.is_none() {
        let group = container.group.as_ref().map_or(container.span, |group| group.span);
        let diagnostic = Diagnostic::new(Code::MissingValue, "`group` needs `user`", group, "of which user?");
        problems.add(diagnostic.hint("write `user=1000` beside it"));
    }
}
