//! What a service keeps with a connection.

use std::any::Any;
use std::fmt;

/// One value of the service's own, of any type, that belongs to a connection:
/// it is there in every call for it and dropped when the connection is gone.
/// Nobody else sees it, so it needs no lock.
///
/// ```
/// use pelton::service::State;
///
/// struct Visits(u32);
/// let mut state = State::default();
/// state.set(Visits(0));
/// if let Some(visits) = state.get_mut::<Visits>() {
///     visits.0 += 1;
/// }
/// assert_eq!(state.take::<Visits>().map(|visits| visits.0), Some(1));
/// ```
#[derive(Default)]
pub struct State(Option<Box<dyn Any + Send>>);

impl State {
    /// Keeps `value`, in place of what was kept.
    pub fn set<T: Send + 'static>(&mut self, value: T) {
        self.0 = Some(Box::new(value));
    }

    /// What is kept, if it is of this type.
    #[must_use]
    pub fn get<T: 'static>(&self) -> Option<&T> {
        self.0.as_ref()?.downcast_ref()
    }

    /// The same, to be changed.
    pub fn get_mut<T: 'static>(&mut self) -> Option<&mut T> {
        self.0.as_mut()?.downcast_mut()
    }

    /// Takes out what is kept, if it is of this type.
    pub fn take<T: 'static>(&mut self) -> Option<T> {
        self.get::<T>()?;
        let value = self.0.take()?.downcast().ok()?;
        Some(*value)
    }
}

impl fmt::Debug for State {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kept = if self.0.is_some() { "kept" } else { "nothing" };
        out.debug_tuple("State").field(&kept).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_found_by_its_type() {
        let mut state = State::default();
        assert_eq!(state.take::<u8>(), None);
        state.set(7_u8);
        assert_eq!(state.get::<u16>(), None);
        assert_eq!(state.take::<u16>(), None);
        *state.get_mut().expect("it is there") = 8_u8;
        assert_eq!(state.take::<u8>(), Some(8));
        assert_eq!(state.take::<u8>(), None);
        state.set("another type");
        assert_eq!(state.get::<&str>().map(|text| text.len()), Some(12));
    }
}
