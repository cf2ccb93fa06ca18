//! An embedded Amazon Cognito user pool for development.
//!
//! [`UserPools`] answers the JSON API that client libraries use for sign-up and sign-in (`InitiateAuth`,
//! `RespondToAuthChallenge`, `SignUp`, `GetUser` …) as data: the operation's name and a body in, a status and a body out. The
//! tokens that it hands out are signed by a key of each pool's own and carry Cognito's claims; [`UserPool::jwks`] and
//! [`UserPool::openid_configuration`] are the documents by which others verify them. [`UserPool::issue`] makes a token without a
//! sign-in.
//!
//! ```
//! use user_pool::{AuthFlow, Caller, ClientDefinition, Options, PoolDefinition, UserDefinition, UserPools};
//!
//! let mut client = ClientDefinition::new("exampleclient");
//! client.auth_flows.insert(AuthFlow::UserPassword);
//! let mut pool = PoolDefinition::new("eu-west-1_Example01");
//! pool.clients.push(client);
//! pool.users.push(UserDefinition::new("ann").with_password("Correct-horse-1").in_group("editors"));
//! let pools = UserPools::open(vec![pool], &Options::in_memory())?;
//!
//! let request = br#"{
//!     "AuthFlow": "USER_PASSWORD_AUTH",
//!     "ClientId": "exampleclient",
//!     "AuthParameters": {"USERNAME": "ann", "PASSWORD": "Correct-horse-1"}
//! }"#;
//! let answer = pools.handle("AWSCognitoIdentityProviderService.InitiateAuth", request, Caller::Client);
//! assert_eq!(answer.status, 200);
//! assert!(answer.body.at(&["AuthenticationResult", "IdToken"]).as_str().is_some());
//! # Ok::<(), user_pool::OpenError>(())
//! ```
//!
//! Everything here blocks: signing in costs some milliseconds of arithmetic and, with a folder, a file is written. A server calls
//! it where that does not stall other work.
//!
//! What of Cognito is not here: the hosted pages and OAuth endpoints, multi-factor and passwordless sign-in, devices, custom
//! challenges and other triggers, identity providers, rotation of refresh tokens. Such requests are refused with an error that
//! names them.
//!
//! Passwords are kept as SRP verifiers, in a file that only its owner may read. That is what the SRP protocol needs and enough for
//! passwords of development; the verifier is no slow password hash.

mod api;
mod claims;
mod clock;
mod credential;
mod definition;
mod error;
mod jwt;
mod key;
mod pending;
mod policy;
mod pool;
mod random;
mod srp;
mod state;
mod storage;

pub use api::{Caller, Response, UserPools};
pub use claims::{OidcToken, TokenRequest, TokenUse};
pub use clock::{Clock, SystemClock};
pub use definition::{
    AuthFlow, ClientDefinition, DefinitionError, GroupDefinition, PasswordPolicy, PoolDefinition, Secret, SignInAttribute,
    UserDefinition,
};
pub use error::{ApiError, ErrorType, IssueError, OpenError};
pub use pool::{Medium, Message, MessagePurpose, Messenger, Options, UserPool};
pub use storage::Storage;
