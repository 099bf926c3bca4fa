//! What templates and overlays promise: they say nothing of their own.

use std::fs;

use wlc::{
    attachments::Attachments,
    diagnostics::{Problems, terminal},
    lock::Lock,
    lower::Lowered,
    pipeline,
    sources::Sources,
};
use wlc_tests::{dice::Dice, folder, running};

const TURNS: u64 = 150;

/// Compiles texts, which must have no errors.
fn compile(base: &[String], overlay: Option<&[String]>) -> Lowered {
    let mut sources = Sources::default();
    for (number, text) in base.iter().enumerate() {
        sources.add(&format!("{number:03}.kdl"), text);
    }
    for (number, text) in overlay.into_iter().flatten().enumerate() {
        sources.hold(&format!("_overlays/prod/{number:03}.kdl"), Ok(text.clone()));
    }
    if overlay.is_some() {
        sources.choose_overlay("prod");
    }
    let compiled =
        pipeline::compile(pipeline::read(sources, Problems::default()), &Attachments::default(), &Lock::default());
    let report = || terminal::render(&compiled.sources, &compiled.problems.sorted(), terminal::Style::Plain);
    compiled.lowered.clone().unwrap_or_else(|| panic!("{base:#?}\n{overlay:#?}\n{}", report()))
}

/// Lock and specs: what no name of a fleet is in.
fn assert_same(one: &Lowered, other: &Lowered, why: &str) {
    assert_eq!(one.lock, other.lock, "{why}");
    assert_eq!(one.content.specs, other.content.specs, "{why}");
    assert_eq!(one.content.contents, other.content.contents, "{why}");
}

fn fleet() -> String {
    "fleet \"example\" { host-ports \"20000-29999\" }\nnode \"n1\"\nfacts \"n1\" { capacity cpu=64 memory=\"256GiB\" }\n".to_owned()
}

/// A deployment as a template says it.
const TEMPLATE: &str = "template \"service\" {
    parameter \"image\"
    parameter \"replicas\" type=\"number\" default=2
    parameter \"args\" many=#true
    parameter \"memory\" type=\"size\" default=#null
    config (parameter)\"name\" { file \"a\" text=(parameter)\"image\" }
    deployment (parameter)\"name\" replicas=(parameter)\"replicas\" {
        container \"main\" image=(parameter)\"image\" {
            args (parameter)\"args\"
            port \"http\" 80 host=\"auto\"
            mount \"/c\" config=(parameter)\"name\"
            limit memory=(parameter)\"memory\"
        }
    }
}
";

/// A service by what is said of it.
#[derive(Debug, Clone)]
struct Service {
    name: String,
    image: usize,
    replicas: Option<usize>,
    args: usize,
    memory: Option<usize>,
    env: Option<usize>,
}

impl Service {
    fn random(number: usize, dice: &mut Dice) -> Self {
        let mut maybe = |end: usize| dice.below(2).checked_sub(1).map(|_| dice.below(end) + 1);
        let (replicas, memory, env) = (maybe(4), maybe(64), maybe(9));
        Self { name: format!("s{number}"), image: dice.below(9), replicas, args: dice.below(4), memory, env }
    }

    fn image(&self) -> String {
        format!("\"registry.example/app:{}\"", self.image)
    }

    fn args(&self) -> String {
        (0..self.args).map(|number| format!(" \"a{number}\"")).collect()
    }

    fn used(&self) -> String {
        let Self { name, replicas, memory, env, .. } = self;
        let replicas = replicas.map(|count| format!(" replicas={count}")).unwrap_or_default();
        let memory = memory.map(|amount| format!("memory \"{amount}MiB\"; ")).unwrap_or_default();
        let args = if self.args > 0 { format!("args{}; ", self.args()) } else { String::new() };
        let env = env.map(|value| format!("container \"main\" {{ env {{ E \"{value}\" }} }}")).unwrap_or_default();
        format!("service \"{name}\" image={}{replicas} {{ {memory}{args}{env} }}\n", self.image())
    }

    fn written_out(&self) -> String {
        let Self { name, replicas, memory, env, .. } = self;
        let memory = memory.map(|amount| format!("limit memory=\"{amount}MiB\"; ")).unwrap_or_default();
        let args = if self.args > 0 { format!("args{}; ", self.args()) } else { String::new() };
        let env = env.map(|value| format!("env {{ E \"{value}\" }}; ")).unwrap_or_default();
        format!(
            "config \"{name}\" {{ file \"a\" text={image} }}\ndeployment \"{name}\" replicas={} {{ container \"main\" \
             image={image} {{ {args}port \"http\" 80 host=\"auto\"; mount \"/c\" config=\"{name}\"; {memory}{env} }} }}\n",
            replicas.unwrap_or(2),
            image = self.image(),
        )
    }

    /// What an overlay says where the service is to be as `other`: in the use, or in the block that it stands for.
    fn difference(&self, other: &Self, dice: &mut Dice) -> String {
        let name = &self.name;
        let in_use = dice.below(2) == 0;
        let (mut properties, mut container) = (String::new(), String::new());
        if self.replicas.unwrap_or(2) != other.replicas.unwrap_or(2) {
            properties += &format!(" replicas={}", other.replicas.unwrap_or(2));
        }
        match (self.env, other.env) {
            (Some(_), None) => container += "without \"env\"; ",
            (_, Some(env)) => container += &format!("env {{ E \"{env}\" }}; "),
            (None, None) => {}
        }
        let word = if in_use { "service" } else { "deployment" };
        format!("{word} \"{name}\"{properties} {{ container \"main\" {{ {container} }} }}\n")
    }
}

#[test]
fn a_use_is_what_it_stands_for_and_order_does_not_matter() {
    for seed in 0..TURNS {
        let mut dice = Dice::new(seed + 1);
        let services: Vec<Service> = (0..dice.below(5) + 1).map(|number| Service::random(number, &mut dice)).collect();
        let mut used: Vec<String> = vec![fleet(), TEMPLATE.to_owned()];
        used.extend(services.iter().map(Service::used));
        let written: Vec<String> = std::iter::once(fleet()).chain(services.iter().map(Service::written_out)).collect();
        let expanded = compile(&used, None);
        assert_same(&expanded, &compile(&written, None), &format!("seed {seed}: {used:#?}"));
        assert_same(&expanded, &compile(&used, None), "the same files again");
        let turn = dice.below(used.len());
        used.rotate_left(turn);
        used.reverse();
        assert_same(&expanded, &compile(&used, None), &format!("seed {seed}: another order"));
        assert_same(&expanded, &compile(&[used.concat()], None), &format!("seed {seed}: one file"));
    }
}

#[test]
fn an_overlay_changes_what_it_says_and_nothing_else() {
    for seed in 0..TURNS {
        let mut dice = Dice::new(seed + 1_000);
        let base: Vec<Service> = (0..dice.below(5) + 1).map(|number| Service::random(number, &mut dice)).collect();
        let mut wanted = base.clone();
        for service in &mut wanted {
            let other = Service::random(0, &mut dice);
            (service.replicas, service.env) = (other.replicas, other.env);
        }
        let mut files: Vec<String> = vec![fleet(), TEMPLATE.to_owned()];
        files.extend(base.iter().map(Service::used));
        let pairs = base.iter().zip(&wanted);
        let mut over: Vec<String> = pairs.map(|(from, to)| from.difference(to, &mut dice)).collect();
        let written: Vec<String> = std::iter::once(fleet()).chain(wanted.iter().map(Service::written_out)).collect();
        let laid = compile(&files, Some(&over));
        assert_same(&laid, &compile(&written, None), &format!("seed {seed}: {files:#?}\n{over:#?}"));
        over.reverse();
        files.reverse();
        assert_same(&laid, &compile(&files, Some(&over)), &format!("seed {seed}: another order"));
        let nothing = compile(&files, Some(&["// nothing\n".to_owned()]));
        assert_same(&nothing, &compile(&files, None), &format!("seed {seed}: an overlay that says nothing"));
    }
}

#[test]
fn an_overlay_that_says_nothing_changes_the_name_alone() {
    let case = running::workspace().join("tests/compile/overlay/1");
    let base = folder::files(&case).into_iter().filter(|path| {
        path.extension().is_some_and(|found| found == "kdl") && !path.to_string_lossy().contains("_overlays")
    });
    let base: Vec<String> = base.map(|path| fs::read_to_string(path).unwrap()).collect();
    let (plain, laid) = (compile(&base, None), compile(&base, Some(&[String::new()])));
    let plans = |built: &Lowered| {
        let plans = built.content.plans.values().map(|plan| String::from_utf8(plan.encode()).unwrap());
        plans.collect::<Vec<String>>()
    };
    let renamed: Vec<String> =
        plans(&laid).iter().map(|plan| plan.replace("\"example-prod\"", "\"example\"")).collect();
    assert_ne!(plans(&laid), renamed, "the name stands in the plans");
    assert_eq!(plans(&plain), renamed);
    assert_same(&plain, &laid, "an overlay without a word");
}
