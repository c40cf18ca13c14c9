//! `open_enum!`: a set of names that the server may extend at any time.
//!
//! A value that this version doesn't know is kept and written back as it came
//! (the contract: "unknown values are kept and shown, never an error").

/// Declares an enum of wire names with an `Unknown` variant for all others.
macro_rules! open_enum {
    (
        $(#[$meta:meta])*
        pub enum $Name:ident {
            $( $(#[$variant_meta:meta])* $Variant:ident = $wire:literal, )+
        }
    ) => {
        $(#[$meta])*
        #[derive(Debug, Clone, PartialEq, Eq, Hash)]
        pub enum $Name {
            $( $(#[$variant_meta])* $Variant, )+
            /// A value that this version of the crate doesn't know, as sent.
            Unknown(String),
        }

        impl $Name {
            /// The values that this version of the crate knows.
            pub const KNOWN: &'static [Self] = &[$( Self::$Variant ),+];

            /// The name on the wire.
            pub fn as_str(&self) -> &str {
                match self {
                    $( Self::$Variant => $wire, )+
                    Self::Unknown(name) => name,
                }
            }

            fn known(name: &str) -> Option<Self> {
                match name {
                    $( $wire => Some(Self::$Variant), )+
                    _ => None,
                }
            }
        }

        impl From<&str> for $Name {
            fn from(name: &str) -> Self {
                Self::known(name).unwrap_or_else(|| Self::Unknown(name.to_owned()))
            }
        }

        impl From<String> for $Name {
            fn from(name: String) -> Self {
                Self::known(&name).unwrap_or(Self::Unknown(name))
            }
        }

        impl std::fmt::Display for $Name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.pad(self.as_str())
            }
        }

        impl serde::Serialize for $Name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }

        impl<'de> serde::Deserialize<'de> for $Name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                struct Visitor;

                impl serde::de::Visitor<'_> for Visitor {
                    type Value = $Name;

                    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        f.write_str(concat!("a ", stringify!($Name), " string"))
                    }

                    fn visit_str<E: serde::de::Error>(self, name: &str) -> Result<$Name, E> {
                        Ok($Name::from(name))
                    }
                }

                deserializer.deserialize_str(Visitor)
            }
        }
    };
}

pub(crate) use open_enum;
