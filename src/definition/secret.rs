//! Values that must not be printed.

use std::fmt;

use value::Str;

/// A secret text, an API key for instance; its `Debug` form hides the value.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Secret(Str);

impl Secret {
    /// Wraps a secret.
    #[must_use]
    pub fn new(secret: impl Into<Str>) -> Self {
        Self(secret.into())
    }

    /// The secret itself. Who calls this must not print it outside of development.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// Enough of the secret to tell it from others, for logs: the last four characters of a longer one.
    #[must_use]
    pub fn hint(&self) -> String {
        let count = self.0.chars().count();
        let shown = if count >= 16 { 4 } else { 0 };
        format!("…{}", self.0.chars().skip(count - shown).collect::<String>())
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Secret(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_hides_the_value() {
        let secret = Secret::new("da2-abcdefghijklmnopqrstuvwxyz");
        assert_eq!(format!("{secret:?}"), "Secret(…)");
        assert_eq!(secret.hint(), "…wxyz");
        assert_eq!(Secret::new("short").hint(), "…");
    }
}
