//! Resolvers of other people's projects that use DynamoDB, on tables as those projects define them.
//!
//! `SYNCGATE_CORPUS=/path cargo test --test corpus_dynamodb` runs them. The path is a folder with a checkout of each project, which
//! is called `OWNER+NAME` or `NAME` (a folder `OWNER/NAME` does as well):
//!
//! - `aws-samples/aws-appsync-resolver-samples`: resolvers in JavaScript and TypeScript, half of them on the helper module.
//! - `theburningmonk/appsyncmasterclass-backend`: mapping templates on nine tables.
//!
//! Without the variable nothing runs, which is said loudly. With it, a project that is not there is a failure. Nothing of these
//! projects is in this repository: each test copies the files it needs, as they are, beside a definition of ours
//! (`tests/corpus/*.toml`), whose tables are derived from the project's own CloudFormation, and serves that with the real binary.
//! Where a test puts something in the place of a part of the project, its module says so.

mod corpus;
mod harness;
