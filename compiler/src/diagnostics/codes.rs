//! The register of codes. Each has a page in the book and a fixture in the tests; a test fails where one is missing.

use super::Severity;

macro_rules! codes {
    ($($(#[doc = $doc:literal])+ $code:ident $name:literal $severity:ident;)+) => {
        /// What kind of thing is wrong.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Code { $($(#[doc = $doc])+ $code),+ }

        /// The page of the book about a code.
        pub fn page(code: Code) -> &'static str {
            match code { $(Code::$code => include_str!(concat!("../../../book/src/errors/", $name, ".md"))),+ }
        }

        impl Code {
            /// All codes, in the order of the book.
            pub const ALL: &'static [Self] = &[$(Self::$code),+];

            /// The name that stands beside the message.
            pub fn name(self) -> &'static str {
                match self { $(Self::$code => $name),+ }
            }

            /// One sentence.
            pub fn summary(self) -> &'static str {
                match self { $(Self::$code => concat!($($doc),+)),+ }
            }

            /// Whether it stops the build.
            pub fn severity(self) -> Severity {
                match self { $(Self::$code => Severity::$severity),+ }
            }
        }
    };
}

codes! {
    /// The file is not KDL 2.
    Syntax "syntax" Error;
    /// The file is nested or broken in a way that only an attack or an accident produces.
    HostileInput "hostile-input" Error;
    /// The file cannot be read, or is not UTF-8.
    UnreadableFile "unreadable-file" Error;
    /// A word that does not belong there.
    UnknownWord "unknown-word" Error;
    /// A word of the language that this version does not carry out: `wlc build` and `wlc lock` refuse it.
    NotInThisVersion "not-in-this-version" Warning;
    /// A placeholder of an import stands where something real must be written: `wlc build` and `wlc lock` refuse it.
    Placeholder "placeholder" Warning;
    /// A value that must be written is not there.
    MissingValue "missing-value" Error;
    /// A value where none is taken.
    SurplusValue "surplus-value" Error;
    /// A value of the wrong kind, form or range.
    BadValue "bad-value" Error;
    /// A word that may stand once is written twice.
    Repeated "repeated" Error;
    /// Two things of one kind have the same name.
    DuplicateName "duplicate-name" Error;
    /// There is no fleet block, or more than one.
    OneFleet "one-fleet" Error;
    /// A name that stands for nothing declared.
    UnknownName "unknown-name" Error;
    /// A parameter that has no value: it is not declared, or stands outside of a template.
    UnknownParameter "unknown-parameter" Error;
    /// A template has the name of a word of the language.
    ReservedName "reserved-name" Error;
    /// A template uses itself, through others or at once.
    TemplateCircle "template-circle" Error;
    /// Templates stand for more than a build takes.
    ExpansionTooLarge "expansion-too-large" Error;
    /// A use says more than parameters, and its template has not exactly one workload.
    OneWorkload "one-workload" Error;
    /// An `include` that names no file.
    IncludesNothing "includes-nothing" Error;
    /// Something is to be taken away that is not there.
    NothingThere "nothing-there" Error;
    /// A workload without any container.
    NoContainer "no-container" Error;
    /// A name made of two others is too long.
    NameTooLong "name-too-long" Error;
    /// A mount, volume, file or variable has no source, or more than one.
    OneSource "one-source" Error;
    /// A config is larger than a config may be.
    ConfigTooLarge "config-too-large" Error;
    /// A request is above its limit.
    RequestAboveLimit "request-above-limit" Error;
    /// Settings that contradict each other.
    Contradiction "contradiction" Error;
    /// A term that asks for nothing, and so matches no node.
    EmptyTerm "empty-term" Error;
    /// A threshold of signers that can never be reached.
    Threshold "threshold" Error;
    /// Workloads that wait for each other in a circle.
    Circle "circle" Error;
    /// A schedule that never fires.
    NeverFires "never-fires" Error;
    /// A selection that no node matches.
    MatchesNothing "matches-nothing" Error;
    /// No node has room for a replica.
    NoNodeFits "no-node-fits" Error;
    /// A replica with an identity or with data cannot stay on its node, and no word lets it leave.
    BoundReplica "bound-replica" Error;
    /// A copy that is asked for has no room beside what it replaces.
    NoRoomForCopy "no-room-for-copy" Error;
    /// There is no free port in the range for `host="auto"`.
    NoFreePort "no-free-port" Error;
    /// Something that the lock knows has vanished from the files without a word.
    Vanished "vanished" Error;
    /// A field that never changes is not what the lock has.
    Immutable "immutable" Error;
    /// The lock would change, and `--locked` forbids it.
    LockOutOfDate "lock-out-of-date" Error;
    /// A file of the lock cannot be read.
    BadLock "bad-lock" Error;
    /// A file to be imported is no YAML, or no unit file.
    ImportSyntax "import-syntax" Error;
    /// Something in a file to be imported that `wlc import` cannot carry over at all.
    ImportRefused "import-refused" Error;
    /// Something of an imported file has no counterpart here, and was left out.
    ImportNotCarried "import-not-carried" Warning;
    /// Something of an imported file does not mean quite the same here.
    ImportDiffers "import-differs" Warning;
    /// An imported file refers to something that no input declares: a placeholder was written.
    ImportPlaceholder "import-placeholder" Warning;
    /// An image is named by a tag, which may mean another image tomorrow.
    UnresolvedImage "unresolved-image" Warning;
    /// A job asks for more replicas at the same time than have room.
    ParallelismCapped "parallelism-capped" Warning;
    /// A workload on several nodes is replaced on each of them on its own.
    SeveralNodes "several-nodes" Warning;
    /// A partition behind the last replica: no replica gets a new revision.
    NothingUpdates "nothing-updates" Warning;
    /// A cron job whose runs are missed when they are a little late.
    ShortDeadline "short-deadline" Warning;
    /// A stateful replica without time to stop.
    NoGrace "no-grace" Warning;
    /// A budget that allows no drain.
    NoDrain "no-drain" Warning;
    /// A probe may take longer than the time to the next one.
    SlowProbe "slow-probe" Warning;
    /// A variable whose name shells cannot read.
    OddVariable "odd-variable" Warning;
    /// `$(NAME)` where no variable of that name is declared above.
    UndefinedVariable "undefined-variable" Warning;
    /// A secret in the environment, which Podman writes to the node's disk.
    SecretInEnvironment "secret-in-environment" Warning;
    /// A mount inside another one in which nothing can be made.
    NestedMount "nested-mount" Warning;
    /// A daemon-set that had nodes has none now.
    DaemonSetEmpty "daemon-set-empty" Warning;
    /// A word that changes nothing where it stands.
    NoEffect "no-effect" Warning;
    /// A parameter that no block of its template uses.
    UnusedParameter "unused-parameter" Warning;
    /// A workload is rolled back: another revision is built than the files say.
    Pinned "pinned" Warning;
    /// A word that has done its work and can go.
    Done "done" Warning;
}
