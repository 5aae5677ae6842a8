//! `operation!`: an operation of the interface with its handler, in one place.

/// Marks of an operation: keyed, created, accepted, nothing, versioned, binding, paged, on_data, open, streams, secret, body.
macro_rules! mark {
    (keyed) => {
        const KEYED: bool = true;
    };
    (binding) => {
        const BINDING: bool = true;
    };
    (paged) => {
        const PAGED: bool = true;
    };
    (versioned) => {
        const VERSIONED: bool = true;
    };
    (on_data) => {
        const ON_DATA: bool = true;
    };
    (open) => {
        const OPEN: bool = true;
    };
    (streams) => {
        const STREAMS: bool = true;
    };
    (secret) => {
        const SECRET: bool = true;
    };
    (created) => {
        const SUCCESS: tidegate_http::api::Success = tidegate_http::api::Success::Created;
    };
    (accepted) => {
        const SUCCESS: tidegate_http::api::Success = tidegate_http::api::Success::Accepted;
    };
    (nothing) => {
        const SUCCESS: tidegate_http::api::Success = tidegate_http::api::Success::Nothing;
    };
    (body $bytes:expr) => {
        const BODY_BYTES_MAX: usize = $bytes;
    };
}

/// Declares an operation and who serves it.
///
/// ```text
/// operation! {
///     RegisterOrganisation = "organisations.register" in "organisations";
///     Post "/v1/organisations" [keyed, created];
///     summary "Register an organisation", "登记机构";
///     says "What a caller must know.", "调用方须知。";
///     takes Registration, example registration_example();
///     gives OrganisationView, example view_example();
///     by register;
/// }
/// ```
///
/// `by` names an `async fn(&mut Desk, Input) -> Result<Done<Output>, Refused>`. `follows` instead of `by` names an
/// `async fn(&mut Desk, Input, Option<u64>) -> Result<Receiver<Event>, Refused>`, for operations that answer with events.
macro_rules! operation {
    (
        $name:ident = $id:literal in $tag:literal;
        $verb:ident $path:literal [$($mark:ident $($argument:expr)?),* $(,)?];
        summary $summary_en:literal, $summary_zh:literal;
        says $says_en:literal, $says_zh:literal;
        takes $input:ty, example $in_example:expr;
        gives $output:ty, example $out_example:expr;
        $($by:tt)+
    ) => {
        #[doc = $summary_en]
        pub struct $name;

        impl tidegate_http::api::Operation for $name {
            const ID: &'static str = $id;
            const VERB: tidegate_http::api::Verb = tidegate_http::api::Verb::$verb;
            const PATH: &'static str = $path;
            const TAG: &'static str = $tag;
            const SUMMARY: tidegate_http::api::Words = tidegate_http::api::Words { en: $summary_en, zh: $summary_zh };
            const DESCRIPTION: tidegate_http::api::Words = tidegate_http::api::Words { en: $says_en, zh: $says_zh };
            $( mark!($mark $($argument)?); )*
            type Input = $input;
            type Output = $output;
            fn input_example() -> $input { $in_example }
            fn output_example() -> $output { $out_example }
        }

        served!($name, $input, $output, $($by)+);
    };
}

/// Who serves an operation.
macro_rules! served {
    ($name:ident, $input:ty, $output:ty, by $handler:path;) => {
        impl $crate::Serve for $name {
            async fn serve(desk: &mut $crate::Desk, input: $input) -> Result<$crate::Done<$output>, $crate::Refused> {
                $handler(desk, input).await
            }
        }
    };
    ($name:ident, $input:ty, $output:ty, follows $handler:path;) => {
        impl $crate::Follow for $name {
            async fn follow(
                desk: &mut $crate::Desk,
                input: $input,
                last: Option<u64>,
            ) -> Result<tokio::sync::mpsc::Receiver<tidegate_http::api::Event>, $crate::Refused> {
                $handler(desk, input, last).await
            }
        }
    };
}
