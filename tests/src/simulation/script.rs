//! What happens in a world, made from its seed before it begins: so a part of it can be played alone.

use crate::dice::Dice;

/// A world.
#[derive(Debug, Clone)]
pub struct Script {
    /// From which everything else follows.
    pub seed: u64,
    /// What happens, in order of time.
    pub events: Vec<Event>,
}

/// Something that happens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Event {
    /// Milliseconds from the beginning.
    pub at: u64,
    /// What.
    pub what: Happening,
}

/// What happens. Numbers choose among what there is at that time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Happening {
    /// Somebody changes the files and publishes.
    Publish(u64),
    /// A set that was published before is put back.
    Replay(usize),
    /// A set that a stranger signed is put in the place of the newest.
    Forge,
    /// A bit of the newest set's plan flips.
    Flip(usize),
    /// The newest set is there in part only, for so many milliseconds.
    HalfCopied(u64),
    /// The agent is killed, and starts again after so many milliseconds.
    KillAgent(u64),
    /// The machine loses power, and boots for so many milliseconds.
    LosePower(u64),
    /// The machine loses power while the agent writes: so many steps on the disk from now on, or soon.
    LosePowerAtWrite(usize),
    /// A container ends by itself with this code.
    EndContainer(usize, i32),
    /// The infra container of a pod ends.
    EndSandbox(usize),
    /// Somebody stops a container.
    StopByHand(usize),
    /// Somebody removes a container.
    RemoveByHand(usize),
    /// Somebody freezes a container.
    PauseByHand(usize),
    /// Somebody removes a pod.
    LosePod(usize),
    /// Somebody gives a container another name.
    RenameByHand(usize),
    /// Somebody lets a container have other amounts of memory and CPU.
    LimitByHand(usize),
    /// Somebody takes a pod off the fleet's network.
    DisconnectByHand(usize),
    /// Somebody removes a container, and gives another one its name, inside its pod or outside.
    UsurpByHand(usize),
    /// Somebody removes the folders of a pod's configs.
    LoseFolders(usize),
    /// Somebody removes the fleet's network, and Podman with it all pods in it.
    LoseNetwork,
    /// Somebody removes the image that everything is made from, for so many milliseconds.
    LoseImage(u64),
    /// The probes of a replica fail for so many milliseconds.
    Sicken(usize, u64, Ill),
    /// No probe can be asked for so many milliseconds.
    Muffle(u64),
    /// The hooks after a start fail for so many milliseconds.
    SpoilHooks(u64),
    /// Init containers fail for so many milliseconds.
    SpoilInits(u64),
    /// The node has not the secret of a workload for so many milliseconds; none: only its bytes are others.
    SpoilSecret(usize, Option<u64>),
    /// Somebody wants a replica to be made anew.
    Restart(usize),
    /// A set is published that does not know the node.
    ForgetNode,
    /// Nothing is heard of what happens for so many milliseconds.
    Deafen(u64),
    /// Calls take long for so many milliseconds.
    Slow(u64),
    /// Many calls go wrong for so many milliseconds.
    Upset(u64),
    /// No call is answered for so many milliseconds.
    Silence(u64),
    /// The disk is full for so many milliseconds.
    FillDisk(u64),
    /// The clock jumps by so many milliseconds.
    JumpClock(i64),
    /// The agent's ledger is removed, or one bit of it flips, while the agent is away.
    SpoilLedger(Option<usize>),
    /// The disk is that of another machine, for so many milliseconds.
    CloneDisk(u64),
    /// A newer agent has written the ledger; for so many milliseconds this one finds it.
    NewerLedger(u64),
}

/// Which probes of a replica fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ill {
    /// All of them.
    Dead,
    /// That of its readiness, and that of its start.
    Unready,
    /// That of its liveness.
    Hung,
}

/// How long things go wrong, in milliseconds.
pub(super) const TROUBLE: u64 = 15 * 60_000;

impl Script {
    /// The world of a seed: at least three plans and ten faults.
    pub fn new(seed: u64) -> Self {
        let mut dice = Dice::new(seed);
        let mut events = vec![Event { at: 0, what: Happening::Publish(seed) }];
        for _ in 0..2 + dice.below(4) {
            let what = Happening::Publish(seed.wrapping_add(1 + dice.below(1 << 20) as u64));
            events.push(Event { at: some_time(&mut dice), what });
        }
        for _ in 0..10 + dice.below(15) {
            let what = fault(&mut dice);
            events.push(Event { at: some_time(&mut dice), what });
        }
        events.extend(lost_images(&events, &mut dice));
        events.sort_by_key(|event| event.at);
        Self { seed, events }
    }
}

/// What is published needs an image that is away: for some plans it goes shortly before, and stays away for a while.
fn lost_images(events: &[Event], dice: &mut Dice) -> Vec<Event> {
    let published = events.iter().filter(|event| event.at > 0 && matches!(event.what, Happening::Publish(_)));
    let times: Vec<u64> = published.map(|event| event.at).collect();
    let mut lost = Vec::new();
    for at in times {
        let (early, length) = (dice.below(30_000) as u64, 40_000 + dice.below(80_000) as u64);
        let event = Event { at: at.saturating_sub(early).max(1), what: Happening::LoseImage(length) };
        lost.extend((dice.below(6) == 0).then_some(event));
    }
    lost
}

fn some_time(dice: &mut Dice) -> u64 {
    dice.below(TROUBLE as usize) as u64
}

/// A length in milliseconds, short ones more often than long ones.
fn length(dice: &mut Dice, most: usize) -> u64 {
    let most = [most / 50, most / 5, most][dice.below(3)];
    1 + dice.below(most.max(1)) as u64
}

pub(super) fn fault(dice: &mut Dice) -> Happening {
    let which = dice.below(1 << 16);
    match dice.below(42) {
        0..=2 => Happening::KillAgent(length(dice, 30_000)),
        3 => Happening::LosePower(length(dice, 60_000)),
        4..=6 => Happening::EndContainer(which, *dice.one_of(&[0, 1, 137, 139])),
        7 => Happening::EndSandbox(which),
        8 => Happening::StopByHand(which),
        9 => Happening::RemoveByHand(which),
        10 => Happening::LosePod(which),
        11 => Happening::LoseFolders(which),
        12 | 13 => Happening::Sicken(which, length(dice, 120_000), *dice.one_of(&[Ill::Dead, Ill::Unready, Ill::Hung])),
        14 => Happening::Deafen(length(dice, 120_000)),
        15 => Happening::Slow(length(dice, 60_000)),
        16 => Happening::Upset(length(dice, 120_000)),
        17 => Happening::Silence(length(dice, 60_000)),
        18 => Happening::FillDisk(length(dice, 120_000)),
        19 => {
            let far = i64::try_from(length(dice, 7_200_000)).unwrap_or(0);
            Happening::JumpClock(if dice.below(2) == 0 { far } else { -far })
        }
        20 => Happening::HalfCopied(length(dice, 60_000)),
        21 | 22 => Happening::PauseByHand(which),
        23 => Happening::LoseNetwork,
        24 => Happening::LoseImage(length(dice, 120_000)),
        25 | 26 => Happening::SpoilLedger((dice.below(2) == 0).then_some(which)),
        27 => [Happening::CloneDisk, Happening::NewerLedger][dice.below(2)](length(dice, 60_000)),
        28 => Happening::Muffle(length(dice, 60_000)),
        29 => Happening::SpoilHooks(length(dice, 120_000)),
        30 => Happening::SpoilInits(length(dice, 120_000)),
        31 => Happening::SpoilSecret(which, (dice.below(2) == 0).then(|| length(dice, 120_000))),
        32 | 33 => Happening::Restart(which),
        34 => Happening::ForgetNode,
        35 | 36 => Happening::RenameByHand(which),
        37 => Happening::UsurpByHand(which),
        38 => Happening::LimitByHand(which),
        39 => Happening::DisconnectByHand(which),
        40 => Happening::LosePowerAtWrite(which % 40),
        _ => [Happening::Replay(which), Happening::Forge, Happening::Flip(which)][dice.below(3)],
    }
}

impl Happening {
    /// Whether the agent dies of it.
    pub(super) fn ends_agent(self) -> bool {
        matches!(
            self,
            Self::KillAgent(_)
                | Self::LosePower(_)
                | Self::LosePowerAtWrite(_)
                | Self::SpoilLedger(_)
                | Self::CloneDisk(_)
                | Self::NewerLedger(_)
        )
    }

    /// The word of the histogram.
    pub fn word(self) -> &'static str {
        match self {
            Self::Publish(_) => "publish",
            Self::Replay(_) => "replay an older set",
            Self::Forge => "set of a stranger",
            Self::Flip(_) => "flipped bit",
            Self::HalfCopied(_) => "half-copied set",
            Self::KillAgent(_) => "kill the agent",
            Self::LosePower(_) => "power loss",
            Self::LosePowerAtWrite(_) => "power loss while writing",
            Self::EndContainer(..) => "container ends",
            Self::EndSandbox(_) => "infra container ends",
            Self::StopByHand(_) => "stopped by hand",
            Self::RemoveByHand(_) => "removed by hand",
            Self::LosePod(_) => "pod removed by hand",
            Self::LoseFolders(_) => "folders lost",
            Self::PauseByHand(_) => "paused by hand",
            Self::RenameByHand(_) => "renamed by hand",
            Self::LimitByHand(_) => "limited by hand",
            Self::DisconnectByHand(_) => "disconnected by hand",
            Self::UsurpByHand(_) => "name taken by hand",
            Self::LoseNetwork => "network removed by hand",
            Self::LoseImage(_) => "image removed by hand",
            Self::Sicken(_, _, Ill::Dead) => "all probes fail",
            Self::Sicken(_, _, Ill::Unready) => "readiness fails",
            Self::Sicken(_, _, Ill::Hung) => "liveness fails",
            Self::Muffle(_) => "probes cannot be asked",
            Self::SpoilHooks(_) => "hooks fail",
            Self::SpoilInits(_) => "init containers fail",
            Self::SpoilSecret(_, Some(_)) => "secret missing",
            Self::SpoilSecret(_, None) => "secret of other bytes",
            Self::Restart(_) => "restart asked for",
            Self::ForgetNode => "set without the node",
            Self::Deafen(_) => "events lost",
            Self::Slow(_) => "slow calls",
            Self::Upset(_) => "failing calls",
            Self::Silence(_) => "Podman silent",
            Self::FillDisk(_) => "full disk",
            Self::JumpClock(_) => "clock jump",
            Self::SpoilLedger(None) => "ledger removed",
            Self::SpoilLedger(Some(_)) => "ledger torn",
            Self::CloneDisk(_) => "disk of another machine",
            Self::NewerLedger(_) => "ledger of a newer version",
        }
    }
}
