//! The options of a run by name, as all reports list them. Pure.

use crate::plan::Plan;
use serde_json::{Value, json};
use std::time::Duration;

/// Names and values, in the order in which they are shown. All are there in
/// every report; what is not set is null.
pub(crate) type Setup = Vec<(&'static str, Value)>;

/// The set-up of a run in so many processes.
pub(crate) fn of(plan: &Plan, processes: usize) -> Setup {
    let seconds = |time: Duration| json!(time.as_secs_f64());
    let some_seconds = |time: Option<Duration>| time.map_or(Value::Null, seconds);
    vec![
        ("url", json!(plan.url)),
        ("method", json!(plan.method.to_string())),
        ("version", json!(plan.version.to_string())),
        ("clients", json!(plan.clients)),
        ("time_s", some_seconds(plan.time)),
        ("requests", json!(plan.requests)),
        ("warm_up_s", seconds(plan.warm_up)),
        ("ramp_s", seconds(plan.ramp)),
        ("due_per_s", json!(plan.rate)),
        ("keep_alive", json!(plan.keep_alive)),
        ("pipeline", json!(plan.pipeline)),
        ("heartbeat_s", some_seconds(plan.heartbeat)),
        ("force", json!(plan.force)),
        ("reload", json!(plan.reload)),
        ("timeout_s", seconds(plan.timeout)),
        ("processes", json!(processes)),
    ]
}

/// A value in words.
pub(crate) fn words(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        Value::Bool(true) => "yes".to_owned(),
        Value::Bool(false) => "no".to_owned(),
        other => {
            let text = other.to_string();
            text.strip_suffix(".0").map_or(text.clone(), str::to_owned)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_in_words() {
        for (value, text) in [
            (json!(null), ""),
            (json!("a b"), "a b"),
            (json!(true), "yes"),
            (json!(5.0), "5"),
            (json!(0.5), "0.5"),
            (json!(["a", 1]), "[\"a\",1]"),
        ] {
            assert_eq!(words(&value), text);
        }
    }
}
