//! What goes wrong around a server, each under a light load: its log, the
//! folder that it serves, descriptors, memory, the wall clock, and floods. It
//! goes on serving, says so once, and is as before when the fault is gone.

#[path = "faults/clock.rs"]
mod clock;
#[path = "faults/floods.rs"]
mod floods;
#[path = "faults/limits.rs"]
mod limits;
#[path = "faults/load.rs"]
mod load;
#[path = "faults/logs.rs"]
mod logs;
#[path = "faults/rig.rs"]
mod rig;
#[path = "faults/root.rs"]
mod root;
mod support;
