//! Data for a VM's first boot, as a request carries it.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};
use serde_json::Value;

use crate::request::{Fields, string};

/// Largest `user_data`, in bytes, decoded.
pub const USER_DATA_MAX: usize = 64 * 1024;

/// The one encoding that `user_data_encoding` may name.
const BASE64: &str = "base64";

/// Data for a VM's first boot: text, or bytes such as those of gzip. Often holds
/// secrets, so it shows up in no `Debug` output.
#[derive(Clone, PartialEq, Eq)]
pub enum UserData {
    /// Text, without a byte order mark.
    Text(String),
    /// Bytes, which a request carries in base64.
    Binary(Vec<u8>),
}

impl UserData {
    /// The data as the VM gets them.
    pub fn as_bytes(&self) -> &[u8] {
        match self {
            Self::Text(text) => text.as_bytes(),
            Self::Binary(bytes) => bytes,
        }
    }

    /// The data as `user_data` carries them, and what `user_data_encoding` says of it.
    pub fn encoded(&self) -> (std::borrow::Cow<'_, str>, Option<&'static str>) {
        match self {
            Self::Text(text) => (text.into(), None),
            Self::Binary(bytes) => (STANDARD.encode(bytes).into(), Some(BASE64)),
        }
    }

    /// Reads what [`encoded`](Self::encoded) made.
    pub fn decoded(data: &str, encoding: Option<&str>) -> Result<Self, String> {
        match encoding {
            None => {
                // Windows' editors begin files with it; cloud-init takes it for text.
                let text = data.strip_prefix('\u{feff}').unwrap_or(data);
                Ok(Self::Text(text.to_owned()))
            }
            Some(_) => {
                let data: String = data.split_ascii_whitespace().collect();
                let bytes = STANDARD.decode(data);
                bytes
                    .map(Self::Binary)
                    .map_err(|error| format!("must be base64, as user_data_encoding says: {error}"))
            }
        }
    }

    /// Checks the size.
    ///
    /// # Errors
    /// The sentence that ends "`user_data` …".
    pub fn check(&self) -> Result<(), String> {
        match self.as_bytes().len() {
            0..=USER_DATA_MAX => Ok(()),
            length => Err(format!(
                "must be at most {USER_DATA_MAX} bytes long, not {length}"
            )),
        }
    }

    /// Takes both attributes from a request.
    pub(crate) fn take(fields: &mut Fields) -> Option<Self> {
        let encoding = fields.optional("user_data_encoding", |value| match string(value)? {
            BASE64 => Ok(BASE64),
            other => Err(format!("must be {BASE64}, not {other:?}")),
        });
        fields.optional("user_data", |value: &Value| {
            let data = Self::decoded(string(value)?, encoding)?;
            data.check().map(|()| data)
        })
    }
}

impl From<String> for UserData {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<&str> for UserData {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

/// Text where the bytes are such.
impl From<Vec<u8>> for UserData {
    fn from(bytes: Vec<u8>) -> Self {
        match String::from_utf8(bytes) {
            Ok(text) => Self::Text(text),
            Err(error) => Self::Binary(error.into_bytes()),
        }
    }
}

impl fmt::Debug for UserData {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "UserData({} bytes)", self.as_bytes().len())
    }
}

/// Writes both attributes; a field of it is flattened into its request.
impl Serialize for UserData {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let (data, encoding) = self.encoded();
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("user_data", &data)?;
        if let Some(encoding) = encoding {
            map.serialize_entry("user_data_encoding", encoding)?;
        }
        map.end()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_stays_text_and_bytes_go_in_base64() {
        for data in [
            UserData::from("#cloud-config\n"),
            UserData::from(vec![0x1f, 0x8b, 0xff]),
        ] {
            let (text, encoding) = data.encoded();
            assert_eq!(UserData::decoded(&text, encoding), Ok(data.clone()));
        }
        assert_eq!(UserData::decoded("\u{feff}x", None), Ok("x".into()));
        assert_eq!(
            UserData::decoded("H4v/\nAA==\n", Some("base64")),
            Ok(UserData::Binary(vec![0x1f, 0x8b, 0xff, 0]))
        );
        assert!(UserData::decoded("not base64!", Some("base64")).is_err());
        assert!(UserData::from("x".repeat(USER_DATA_MAX)).check().is_ok());
        assert!(
            UserData::from("x".repeat(USER_DATA_MAX + 1))
                .check()
                .is_err()
        );
    }
}
