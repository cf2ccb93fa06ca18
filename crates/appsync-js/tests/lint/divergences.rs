//! Where the checks differ from AppSync's lint plugin on purpose.

/// Who finds something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Side {
    /// The checks refuse it, the plugin lets it pass.
    OnlyHere,
    /// The plugin refuses it, the checks do not.
    OnlyThere,
}

/// One kind of difference.
pub(super) struct Divergence {
    pub(super) side: Side,
    pub(super) rules: &'static [&'static str],
    /// Whether the code at the place (its line's rest, and all of it) is of this kind.
    pub(super) when: fn(&str, &str) -> bool,
    pub(super) reason: &'static str,
}

/// Why a method that the plugin refuses is a warning here.
pub(super) const LESS_IS_KNOWN: &str = "TypeScript knows more of types than the checks (narrowing, members of members, generics); \
    where a type is not known, a method of a refused one's name is a warning";

pub(super) const DIVERGENCES: &[Divergence] = &[
    Divergence {
        side: Side::OnlyHere,
        rules: &["no-throw", "unsupported-global"],
        when: |_, _| true,
        reason: "AppSync's page lists it as not supported, or does not list it among what exists; the plugin has no rule for it",
    },
    Divergence {
        side: Side::OnlyHere,
        rules: &["no-accessors", "no-bigint", "no-super", "no-tagged-templates", "unknown-name"],
        when: |_, _| true,
        reason: "neither AppSync's compiler nor the engine here takes it; the plugin has no rule for it",
    },
    Divergence {
        side: Side::OnlyHere,
        rules: &["no-classes"],
        when: |text, _| text.starts_with("class"),
        reason: "the plugin sees declarations of classes only, not expressions",
    },
    Divergence {
        side: Side::OnlyHere,
        rules: &["no-generators"],
        when: |text, _| text.starts_with("function*") || text.starts_with("function *") || text.starts_with('('),
        reason: "the plugin sees declarations of generators only, not expressions and methods",
    },
    Divergence {
        side: Side::OnlyHere,
        rules: &["no-await"],
        when: |text, _| text.starts_with("for await"),
        reason: "the plugin sees await expressions only, not for await",
    },
    Divergence {
        side: Side::OnlyHere,
        rules: &["no-promise"],
        when: |text, _| text.starts_with("Promise"),
        reason: "the plugin sees `new Promise` only, not other uses of Promise",
    },
    Divergence {
        side: Side::OnlyHere,
        rules: &["no-disallowed-methods"],
        when: |text, _| text.starts_with("'a'[") || text.starts_with("Object["),
        reason: "the plugin knows no methods that are named by a string",
    },
    Divergence {
        side: Side::OnlyHere,
        rules: &["no-disallowed-methods"],
        when: |text, _| {
            let starts = ["Array.", "Math.", "Object.fromEntries", "Object.groupBy", "String.fromCharCode"];
            starts.iter().any(|start| text.starts_with(start))
        },
        reason: "AppSync's page does not list it among what exists; the plugin's list lacks it, or names it where it is not",
    },
    Divergence {
        side: Side::OnlyHere,
        rules: &["no-disallowed-methods"],
        when: |text, _| [".bind(", ".call("].iter().any(|method| text.contains(method)),
        reason: "AppSync's page names apply, bind and call as not supported; the plugin's list lacks them",
    },
    Divergence {
        side: Side::OnlyHere,
        rules: &["no-function-passing"],
        when: |text, _| text.starts_with("helper((() =>"),
        reason: "the plugin does not see a function in parentheses",
    },
    Divergence {
        side: Side::OnlyHere,
        rules: &["no-function-passing"],
        when: |text, _| text.starts_with("new "),
        reason: "the plugin sees calls only, not `new`",
    },
    Divergence {
        side: Side::OnlyHere,
        rules: &["no-disallowed-re-assignment"],
        when: |_, code| code.contains("const request = (") || code.contains("const request = function"),
        reason: "the plugin sees handlers that are declarations only, not constants",
    },
    Divergence {
        side: Side::OnlyHere,
        rules: &["no-disallowed-re-assignment"],
        when: |text, _| text.starts_with("ctx.args] = ") || text.starts_with("ctx.stash } = "),
        reason: "the plugin does not see members that destructuring writes to",
    },
    Divergence {
        side: Side::OnlyHere,
        rules: &["no-disallowed-re-assignment"],
        when: |text, _| text.starts_with("(ctx as any)") || text.starts_with("ctx!"),
        reason: "the plugin reads TypeScript, AppSync gets what remains without it",
    },
    Divergence {
        side: Side::OnlyHere,
        rules: &["no-function-return"],
        when: |text, _| text.starts_with("return f }"),
        reason: "the plugin stops at TypeScript's casts, AppSync gets what remains without them",
    },
    Divergence {
        side: Side::OnlyHere,
        rules: &["no-function-passing"],
        when: |text, _| {
            ["util.", "ctx.", "((f)", "(0, helper)", "later.run(", "helper?.("].iter().any(|start| text.starts_with(start))
        },
        reason: "the plugin must know what is called, AppSync has no functions as values, whatever is called",
    },
    Divergence {
        side: Side::OnlyHere,
        rules: &["no-recursion"],
        when: |_, _| true,
        reason: "on its way around, the plugin looks neither into the arguments of calls nor into functions that stand there",
    },
    Divergence {
        side: Side::OnlyThere,
        rules: &["no-classes"],
        when: |_, code| code.contains("declare class"),
        reason: "the plugin reads TypeScript, where this is nothing that AppSync gets",
    },
];
