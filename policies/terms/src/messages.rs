//! Text for people, in English and in Chinese, side by side at the place where it is said.
//!
//! A catalogue in separate files can miss a key, or keep one that nobody uses; here a message without its
//! translation does not compile (decision 0003).

/// A language that the product speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Language {
    /// English.
    #[default]
    English,
    /// Simplified Chinese.
    Chinese,
}

impl Language {
    /// Reads a language tag or a POSIX locale such as `zh`, `zh-CN` or `zh_CN.UTF-8`; anything that is not
    /// Chinese is English.
    pub fn of_tag(tag: &str) -> Self {
        if tag.to_ascii_lowercase().starts_with("zh") { Self::Chinese } else { Self::English }
    }
}

/// Something that can be said to a person.
pub trait Message {
    /// A stable code for scripts, such as `manifest.bounds-inverted`.
    fn code(&self) -> String;
    /// The sentence in the given language.
    fn say(&self, language: Language) -> String;
}

/// Declares an enum of messages: one variant per cause, each with a code, an English and a Chinese sentence.
///
/// The fields of a variant can be named in both sentences. `Display` and `Error` come with it (English).
/// A variant written `Variant(Type) from` wraps the message of another boundary and speaks with its words.
#[macro_export]
macro_rules! messages {
    (
        $(#[$enum_meta:meta])*
        $vis:vis enum $name:ident {
            $(
                $(#[$meta:meta])*
                $variant:ident $({ $($field:ident : $type:ty),* $(,)? })? = $code:literal
                { en: $en:literal, zh: $zh:literal $(,)? }
            ),* $(,)?
            $(; $( $(#[$wrap_meta:meta])* $wrap:ident ( $inner:ty ) ),* $(,)? )?
        }
    ) => {
        $(#[$enum_meta])*
        #[derive(Debug)]
        #[allow(missing_docs)]
        $vis enum $name {
            $( $(#[$meta])* #[doc = $en] $variant $({ $($field: $type),* })?, )*
            $( $( $(#[$wrap_meta])* #[doc = "What another boundary said."] $wrap($inner), )* )?
        }

        impl $crate::Message for $name {
            fn code(&self) -> String {
                match self {
                    $( Self::$variant $({ $($field: _),* })? => $code.to_owned(), )*
                    $( $( Self::$wrap(inner) => $crate::Message::code(inner), )* )?
                }
            }

            fn say(&self, language: $crate::Language) -> String {
                match self {
                    $(
                        Self::$variant $({ $($field),* })? => match language {
                            $crate::Language::English => format!($en),
                            $crate::Language::Chinese => format!($zh),
                        },
                    )*
                    $( $( Self::$wrap(inner) => $crate::Message::say(inner, language), )* )?
                }
            }
        }

        impl ::std::fmt::Display for $name {
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                f.write_str(&$crate::Message::say(self, $crate::Language::English))
            }
        }

        impl ::std::error::Error for $name {}

        $( $( impl From<$inner> for $name {
            fn from(inner: $inner) -> Self {
                Self::$wrap(inner)
            }
        } )* )?
    };
}

/// A message that crossed a process boundary: already in words.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Spoken {
    /// Its code.
    pub code: String,
    /// In English.
    pub en: String,
    /// In Chinese.
    pub zh: String,
}

impl Spoken {
    /// Puts a message into words.
    pub fn of(message: &impl Message) -> Self {
        Self { code: message.code(), en: message.say(Language::English), zh: message.say(Language::Chinese) }
    }
}

impl Message for Spoken {
    fn code(&self) -> String {
        self.code.clone()
    }

    fn say(&self, language: Language) -> String {
        match language {
            Language::English => self.en.clone(),
            Language::Chinese => self.zh.clone(),
        }
    }
}
