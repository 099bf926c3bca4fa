//! What opens each gate, for people: the sentence behind what is waited for.

/// What ends a wait of this kind; `name` is the replica's.
pub fn opens(gate: &str, name: &str) -> String {
    match gate {
        "slot" => "one of those that hold a place is ready, or is gone".to_owned(),
        "after" => "what it waits for has come so far".to_owned(),
        "probe" => "the probe passes".to_owned(),
        "min-ready" => "it stays ready for this time".to_owned(),
        "back-off" => format!("the time is over; `wlagent retry {name}` tries at once"),
        "progress-deadline" => format!("it becomes ready after all, a newer plan comes, or `wlagent retry {name}`"),
        "rollback" => format!("its file asks for another revision, or `wlagent retry {name}`"),
        "window" => "the time of its window comes".to_owned(),
        "paused" => "`paused` leaves its file".to_owned(),
        "on-delete" => format!("`wlagent restart {name}`"),
        "held" => "`wlagent release`".to_owned(),
        "claim" => format!("the volume is there again, or `wlagent retry {name}`, which begins with an empty one"),
        "secret" => "the key lies in the node's folder of secrets".to_owned(),
        "sandbox" => "its turn to be replaced comes".to_owned(),
        "task" => "what is being done ends".to_owned(),
        "refused" => "a plan that this version can carry out, or a newer agent".to_owned(),
        _ => "what the sentence says".to_owned(),
    }
}
