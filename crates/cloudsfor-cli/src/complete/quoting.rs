//! Values on the line of a shell: a name is what users or a server chose, and nothing in
//! it may be executed or expanded.

/// How a shell takes a value that a script gives it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Quoting {
    /// It puts the value on the line as it is, so that quoting is left to us.
    ByUs,
    /// It quotes the value itself.
    ByShell,
}

impl Quoting {
    pub(super) fn of(shell: &str) -> Self {
        match shell {
            "bash" => Self::ByUs,
            _ => Self::ByShell,
        }
    }

    /// The value as it is put on the line: nothing in it is executed or expanded.
    pub(super) fn quoted(self, value: &str) -> String {
        if self == Self::ByShell {
            return value.to_owned();
        }
        let mut quoted = String::with_capacity(value.len());
        for c in value.chars() {
            if !c.is_alphanumeric() && !"@%+=:,./_-".contains(c) {
                quoted.push('\\');
            }
            quoted.push(c);
        }
        quoted
    }

    /// What was typed, without the user's own quoting.
    pub(super) fn unquoted(self, typed: &str) -> String {
        match self {
            Self::ByShell => typed.to_owned(),
            Self::ByUs => {
                let typed = typed.trim_start_matches(['\'', '"']);
                let mut plain = String::with_capacity(typed.len());
                let mut chars = typed.chars();
                while let Some(c) = chars.next() {
                    plain.extend(if c == '\\' { chars.next() } else { Some(c) });
                }
                plain
            }
        }
    }
}
