//! `object!`: a wire object with its documented attributes and room for others.
//!
//! The contract says that unknown attributes survive decoding and encoding
//! unchanged. `#[serde(flatten)]` would do that, but it buffers every object it
//! reads; the visitor written here pays for an unknown attribute only when
//! there is one.

/// The attribute's name on the wire: a field named by a keyword is written
/// `r#type` in Rust.
pub(crate) const fn wire_name(field: &'static str) -> &'static str {
    match field.as_bytes() {
        [b'r', b'#', ..] => field.split_at(2).1,
        _ => field,
    }
}

/// Declares a wire object. Each field says what its absence means:
///
/// - `required`: an error that names the attribute;
/// - `optional`: `None` (the field is an `Option`), and left out when encoding;
/// - `nullable`: `None` too, and encoded as `null`;
/// - `told`: `None`, while `null` is `Some(None)` and encoded as `null`;
/// - `defaulted`: the type's default; always encoded;
/// - `listed`: an empty list; left out when encoding an empty one.
///
/// An explicit `null` is the same as absence for all but `required` and `told`. `as W` decodes
/// through the lenient type `W`, and `or "name"` accepts a second spelling.
macro_rules! object {
    (
        $(#[$meta:meta])*
        pub struct $Name:ident {
            $(
                $(#[$field_meta:meta])*
                $presence:ident $field:ident : $ty:ty
                    $(as $wire:ty)?
                    $(, or $alias:literal)*
            );* $(;)?
        }
    ) => {
        $(#[$meta])*
        #[derive(Debug, Clone, PartialEq)]
        pub struct $Name {
            $( $(#[$field_meta])* pub $field: $ty, )*
            /// Attributes that this version of the crate doesn't know, as the server
            /// sent them. They are written back when the object is encoded.
            pub extra: $crate::json::Extra,
        }

        impl $Name {
            /// The attributes that this version of the crate knows, by their names on
            /// the wire.
            pub const ATTRIBUTES: &'static [&'static str] =
                &[$( $crate::object::wire_name(stringify!($field)) ),*];
        }

        impl<'de> serde::Deserialize<'de> for $Name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                #[derive(serde::Deserialize)]
                #[serde(field_identifier)]
                #[allow(non_camel_case_types)]
                enum Key {
                    $( $(#[serde(alias = $alias)])* $field, )*
                    Unknown(String),
                }

                struct Visitor;

                impl<'de> serde::de::Visitor<'de> for Visitor {
                    type Value = $Name;

                    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        f.write_str(concat!("a ", stringify!($Name), " object"))
                    }

                    fn visit_map<A: serde::de::MapAccess<'de>>(
                        self,
                        mut map: A,
                    ) -> Result<Self::Value, A::Error> {
                        $( let mut $field = None; )*
                        let mut extra = $crate::json::Extra::new();
                        while let Some(key) = map.next_key()? {
                            match key {
                                $(
                                    Key::$field => {
                                        if $field.is_some() {
                                            return Err(serde::de::Error::duplicate_field(
                                                stringify!($field),
                                            ));
                                        }
                                        $field = Some(object!(
                                            @decode $presence map, $ty $(, $wire)?
                                        ));
                                    }
                                )*
                                Key::Unknown(name) => {
                                    extra.insert(name, map.next_value::<$crate::json::Json>()?);
                                }
                            }
                        }
                        Ok($Name {
                            $( $field: object!(@absent $presence $field), )*
                            extra,
                        })
                    }
                }

                deserializer.deserialize_map(Visitor)
            }
        }

        impl serde::Serialize for $Name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                use serde::ser::SerializeMap;
                let mut map = serializer.serialize_map(None)?;
                $( object!(@encode $presence map, self, $field); )*
                for (name, value) in self.extra.iter() {
                    map.serialize_entry(name, value)?;
                }
                map.end()
            }
        }
    };

    (@decode required $map:ident, $ty:ty) => { $map.next_value::<$ty>()? };
    (@decode required $map:ident, $ty:ty, $wire:ty) => {
        <$ty>::from($map.next_value::<$wire>()?)
    };
    (@decode told $map:ident, $ty:ty) => { Some($map.next_value()?) };
    (@decode optional $map:ident, $ty:ty) => { $map.next_value::<$ty>()? };
    (@decode optional $map:ident, $ty:ty, $wire:ty) => {
        $map.next_value::<Option<$wire>>()?.map(Into::into)
    };
    (@decode nullable $map:ident, $ty:ty $(, $wire:ty)?) => {
        object!(@decode optional $map, $ty $(, $wire)?)
    };
    (@decode defaulted $map:ident, $ty:ty) => {
        $map.next_value::<Option<$ty>>()?.unwrap_or_default()
    };
    (@decode defaulted $map:ident, $ty:ty, $wire:ty) => {
        $map.next_value::<Option<$wire>>()?.map(<$ty>::from).unwrap_or_default()
    };

    (@decode listed $map:ident, $ty:ty, $wire:ty) => {
        object!(@decode defaulted $map, $ty, $wire)
    };

    (@absent required $field:ident) => {
        $field.ok_or_else(|| serde::de::Error::missing_field(stringify!($field)))?
    };
    (@absent optional $field:ident) => { $field.flatten() };
    (@absent told $field:ident) => { $field.flatten() };
    (@absent nullable $field:ident) => {
        $field.flatten()
    };
    (@absent defaulted $field:ident) => { $field.unwrap_or_default() };

    (@absent listed $field:ident) => { $field.unwrap_or_default() };

    (@encode listed $map:ident, $self:ident, $field:ident) => {
        if !$self.$field.is_empty() {
            $map.serialize_entry($crate::object::wire_name(stringify!($field)), &$self.$field)?;
        }
    };
    (@encode told $map:ident, $self:ident, $field:ident) => {
        object!(@encode optional $map, $self, $field)
    };
    (@encode optional $map:ident, $self:ident, $field:ident) => {
        if let Some(value) = &$self.$field {
            $map.serialize_entry($crate::object::wire_name(stringify!($field)), value)?;
        }
    };
    (@encode $presence:ident $map:ident, $self:ident, $field:ident) => {
        $map.serialize_entry($crate::object::wire_name(stringify!($field)), &$self.$field)?;
    };
}

pub(crate) use object;
