//! What goes wrong around a server, each under a light load: its log, the
//! folder that it serves, descriptors, memory, the wall clock, and floods. It
//! goes on serving, says so once, and is as before when the fault is gone.

mod clock;
mod floods;
mod limits;
mod load;
mod logs;
mod rig;
mod root;
