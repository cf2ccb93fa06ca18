//! What a pool is made of: clients, groups, users, rules. Plain data, checked once when the pool is opened.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use crate::policy;

/// A text that never shows in logs, errors or `Debug`.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Wraps a text.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Secret(hidden)")
    }
}

/// A user pool.
#[derive(Clone, Debug)]
pub struct PoolDefinition {
    /// The pool's id, `REGION_NAME`, as in `eu-west-1_Example01`.
    pub id: String,
    /// The `iss` of its tokens. [`PoolDefinition::new`] sets Cognito's, `https://cognito-idp.REGION.amazonaws.com/ID`; a server
    /// that publishes the pool's keys sets the URL below which it does.
    pub issuer: String,
    /// The app clients. Sign-in needs one.
    pub clients: Vec<ClientDefinition>,
    /// Groups with a precedence or role. A group that only users name need not be here.
    pub groups: Vec<GroupDefinition>,
    /// Users that exist from the start. What a definition says of a user holds again after every start: its attributes, its groups
    /// and, if it has one, its password. A user who is no longer defined is gone.
    pub users: Vec<UserDefinition>,
    /// Attributes that are the user name (`UsernameAttributes`): users sign up with an e-mail address or phone number, and get a
    /// random user name. Defined users whose name is such an address or number are treated alike.
    pub username_attributes: BTreeSet<SignInAttribute>,
    /// Attributes that also sign in, once they are verified (`AliasAttributes`).
    pub alias_attributes: BTreeSet<SignInAttribute>,
    /// Attributes that a confirmation verifies (`AutoVerifiedAttributes`): [`SignInAttribute::Email`] or
    /// [`SignInAttribute::PhoneNumber`].
    pub auto_verified_attributes: BTreeSet<SignInAttribute>,
    /// Attributes that every user must have.
    pub required_attributes: BTreeSet<String>,
    /// The `custom:` attributes of the schema, with their prefix; `None` accepts any.
    pub custom_attributes: Option<BTreeSet<String>>,
    /// Whether `Ann` and `ann` are two users.
    pub case_sensitive: bool,
    /// Whether `SignUp` confirms a user at once, as a pre sign-up trigger could, instead of waiting for a code.
    pub auto_confirm: bool,
    /// Whether only administrators create users (`AllowAdminCreateUserOnly`).
    pub admin_create_user_only: bool,
    /// What a password must hold.
    pub password_policy: PasswordPolicy,
    /// How many users the pool takes.
    pub max_users: usize,
}

impl PoolDefinition {
    /// A pool with Cognito's defaults, except that sign-ups are confirmed at once.
    pub fn new(id: impl Into<String>) -> Self {
        let id = id.into();
        let region = id.split_once('_').map_or("", |(region, _)| region);
        Self {
            issuer: format!("https://cognito-idp.{region}.amazonaws.com/{id}"),
            id,
            clients: Vec::new(),
            groups: Vec::new(),
            users: Vec::new(),
            username_attributes: BTreeSet::new(),
            alias_attributes: BTreeSet::new(),
            auto_verified_attributes: BTreeSet::new(),
            required_attributes: BTreeSet::new(),
            custom_attributes: None,
            case_sensitive: true,
            auto_confirm: true,
            admin_create_user_only: false,
            password_policy: PasswordPolicy::default(),
            max_users: 10_000,
        }
    }

    /// The region: what stands before the `_` of the id.
    #[must_use]
    pub fn region(&self) -> &str {
        self.id.split_once('_').map_or("", |(region, _)| region)
    }

    /// The part of the id after `_`, which is a part of every SRP identity.
    pub(crate) fn short_name(&self) -> &str {
        self.id.split_once('_').map_or("", |(_, name)| name)
    }

    /// Checks every rule that does not need another pool.
    ///
    /// # Errors
    /// The first rule that is broken.
    pub fn check(&self) -> Result<(), DefinitionError> {
        // The id becomes a folder's name: the pattern of the API reference, `[\w-]+_[0-9a-zA-Z]+`, holds no separator and no dot.
        let word = |text: &str, more: &str| {
            !text.is_empty() && text.chars().all(|character| character.is_ascii_alphanumeric() || more.contains(character))
        };
        let well_formed =
            self.id.len() <= 55 && self.id.split_once('_').is_some_and(|(region, name)| word(region, "-") && word(name, ""));
        if !well_formed {
            return Err(DefinitionError::PoolId(self.id.clone()));
        }
        if self.username_attributes.contains(&SignInAttribute::PreferredUsername) {
            return Err(DefinitionError::UsernameAttribute(self.id.clone()));
        }
        let mut clients = BTreeSet::new();
        for client in &self.clients {
            if client.id.len() > 128 || !word(&client.id, "_+") {
                return Err(DefinitionError::ClientId { pool: self.id.clone(), client: client.id.clone() });
            }
            if !clients.insert(&client.id) {
                return Err(DefinitionError::Repeated { pool: self.id.clone(), what: "app client", name: client.id.clone() });
            }
            client.check(&self.id)?;
        }
        let mut groups = BTreeSet::new();
        let named = self.groups.iter().map(|group| &group.name).chain(self.users.iter().flat_map(|user| &user.groups));
        if let Some(name) = named.into_iter().find(|name| !policy::is_group_name(name)) {
            return Err(DefinitionError::GroupName { pool: self.id.clone(), name: name.clone() });
        }
        if let Some(group) = self.groups.iter().find(|group| !groups.insert(&group.name)) {
            return Err(DefinitionError::Repeated { pool: self.id.clone(), what: "group", name: group.name.clone() });
        }
        let mut users = BTreeSet::new();
        for user in &self.users {
            self.check_user(user)?;
            if !users.insert(policy::username_key(self, &user.username)) {
                return Err(DefinitionError::Repeated { pool: self.id.clone(), what: "user", name: user.username.clone() });
            }
        }
        if self.users.len() > self.max_users {
            return Err(DefinitionError::TooManyUsers { pool: self.id.clone(), limit: self.max_users });
        }
        Ok(())
    }

    fn check_user(&self, user: &UserDefinition) -> Result<(), DefinitionError> {
        let wrong =
            |reason: String| Err(DefinitionError::User { pool: self.id.clone(), username: user.username.clone(), reason });
        if !policy::is_username(&user.username) {
            return wrong(
                "a user name has 1 to 128 letters, marks, symbols, digits or punctuation characters, no spaces".to_owned(),
            );
        }
        if user.sub.as_ref().is_some_and(|sub| !policy::is_username(sub)) {
            return wrong("`sub` has 1 to 128 characters, no spaces".to_owned());
        }
        for (name, value) in &user.attributes {
            if name == "sub" {
                return wrong("`sub` is a setting of its own, not an attribute".to_owned());
            }
            if let Err(error) = policy::check_attribute(self, name, value) {
                return wrong(error.message);
            }
        }
        // A password in a definition is the developer's own choice and may be weak, but it must be one that can be sent.
        if user.password.as_ref().is_some_and(|password| password.reveal().is_empty() || password.reveal().len() > 256) {
            return wrong("a password has 1 to 256 bytes".to_owned());
        }
        Ok(())
    }
}

/// An app client of a pool.
#[derive(Clone, Debug)]
pub struct ClientDefinition {
    /// Its id.
    pub id: String,
    /// Its name, for `DescribeUserPoolClient`.
    pub name: String,
    /// Its secret; with one, every request needs a `SECRET_HASH`.
    pub secret: Option<Secret>,
    /// The flows by which it signs in. [`ClientDefinition::new`] has Cognito's default: SRP and refresh tokens.
    pub auth_flows: BTreeSet<AuthFlow>,
    /// Whether unknown users look like wrong passwords (`PreventUserExistenceErrors` is `ENABLED`). Cognito's API has `LEGACY`, its
    /// console and most templates `ENABLED`, which is the default here.
    pub prevent_user_existence_errors: bool,
    /// How long an access token lives: 5 minutes to a day.
    pub access_token_validity: Duration,
    /// How long an ID token lives: 5 minutes to a day.
    pub id_token_validity: Duration,
    /// How long a refresh token lives: an hour to ten years.
    pub refresh_token_validity: Duration,
    /// How long a challenge may be answered: 3 to 15 minutes.
    pub auth_session_validity: Duration,
}

impl ClientDefinition {
    /// A client with Cognito's defaults.
    pub fn new(id: impl Into<String>) -> Self {
        let id = id.into();
        Self {
            name: id.clone(),
            id,
            secret: None,
            auth_flows: BTreeSet::from([AuthFlow::UserSrp, AuthFlow::RefreshToken]),
            prevent_user_existence_errors: true,
            access_token_validity: Duration::from_secs(3600),
            id_token_validity: Duration::from_secs(3600),
            refresh_token_validity: Duration::from_secs(30 * 86_400),
            auth_session_validity: Duration::from_secs(180),
        }
    }

    fn check(&self, pool: &str) -> Result<(), DefinitionError> {
        const MINUTE: u64 = 60;
        const DAY: u64 = 86_400;
        let ranges = [
            ("access token", self.access_token_validity, 5 * MINUTE, DAY),
            ("ID token", self.id_token_validity, 5 * MINUTE, DAY),
            ("refresh token", self.refresh_token_validity, 60 * MINUTE, 3650 * DAY),
            ("authentication session", self.auth_session_validity, 3 * MINUTE, 15 * MINUTE),
        ];
        for (what, validity, minimum, maximum) in ranges {
            if validity < Duration::from_secs(minimum) || validity > Duration::from_secs(maximum) {
                return Err(DefinitionError::Validity {
                    pool: pool.to_owned(),
                    client: self.id.clone(),
                    what,
                    minimum: Duration::from_secs(minimum),
                    maximum: Duration::from_secs(maximum),
                });
            }
        }
        Ok(())
    }
}

/// A way to sign in that a client may allow (`ExplicitAuthFlows`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum AuthFlow {
    /// `ALLOW_USER_SRP_AUTH`.
    UserSrp,
    /// `ALLOW_USER_PASSWORD_AUTH`.
    UserPassword,
    /// `ALLOW_ADMIN_USER_PASSWORD_AUTH`.
    AdminUserPassword,
    /// `ALLOW_REFRESH_TOKEN_AUTH`.
    RefreshToken,
}

impl AuthFlow {
    /// Every flow there is.
    pub const ALL: [AuthFlow; 4] =
        [AuthFlow::UserSrp, AuthFlow::UserPassword, AuthFlow::AdminUserPassword, AuthFlow::RefreshToken];

    /// Its name in `ExplicitAuthFlows`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            AuthFlow::UserSrp => "ALLOW_USER_SRP_AUTH",
            AuthFlow::UserPassword => "ALLOW_USER_PASSWORD_AUTH",
            AuthFlow::AdminUserPassword => "ALLOW_ADMIN_USER_PASSWORD_AUTH",
            AuthFlow::RefreshToken => "ALLOW_REFRESH_TOKEN_AUTH",
        }
    }

    /// The flow of that name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<AuthFlow> {
        Self::ALL.into_iter().find(|flow| flow.name() == name)
    }
}

/// An attribute by which users can sign in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum SignInAttribute {
    /// `email`.
    Email,
    /// `phone_number`.
    PhoneNumber,
    /// `preferred_username`, as an alias only.
    PreferredUsername,
}

impl SignInAttribute {
    /// Its name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Email => "email",
            Self::PhoneNumber => "phone_number",
            Self::PreferredUsername => "preferred_username",
        }
    }

    /// Its name, and that of the attribute that says whether it is verified.
    pub(crate) fn name_and_verified(self) -> Option<(&'static str, &'static str)> {
        self.verified().map(|verified| (self.name(), verified))
    }

    /// The attribute that says whether it is verified. A preferred user name needs no verification.
    pub(crate) fn verified(self) -> Option<&'static str> {
        match self {
            Self::Email => Some("email_verified"),
            Self::PhoneNumber => Some("phone_number_verified"),
            Self::PreferredUsername => None,
        }
    }
}

/// A group of users.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupDefinition {
    /// Its name.
    pub name: String,
    /// A text for people.
    pub description: Option<String>,
    /// Which group's role is preferred: the one with the lowest number.
    pub precedence: Option<u32>,
    /// The role that its members may take, for `cognito:roles` and `cognito:preferred_role`.
    pub role_arn: Option<String>,
}

impl GroupDefinition {
    /// A group without a role.
    pub fn new(name: impl Into<String>) -> Self {
        Self { name: name.into(), description: None, precedence: None, role_arn: None }
    }
}

/// A user that exists from the start.
#[derive(Clone, Debug)]
pub struct UserDefinition {
    /// The name.
    pub username: String,
    /// The password; without one the user cannot sign in until somebody sets it.
    pub password: Option<Secret>,
    /// The `sub`; without one it is derived from pool and user name and so the same on every machine.
    pub sub: Option<String>,
    /// The attributes, `custom:` ones included.
    pub attributes: BTreeMap<String, String>,
    /// The groups.
    pub groups: Vec<String>,
}

impl UserDefinition {
    /// A user without password, attributes and groups.
    pub fn new(username: impl Into<String>) -> Self {
        Self { username: username.into(), password: None, sub: None, attributes: BTreeMap::new(), groups: Vec::new() }
    }

    /// With a password.
    #[must_use]
    pub fn with_password(mut self, password: impl Into<String>) -> Self {
        self.password = Some(Secret::new(password));
        self
    }

    /// With an attribute.
    #[must_use]
    pub fn with_attribute(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.attributes.insert(name.into(), value.into());
        self
    }

    /// In a group.
    #[must_use]
    pub fn in_group(mut self, group: impl Into<String>) -> Self {
        self.groups.push(group.into());
        self
    }
}

/// What a password must hold (`PasswordPolicy`). The default is Cognito's: eight characters of all four kinds.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "Cognito's own four switches")]
pub struct PasswordPolicy {
    /// The least number of characters, 6 to 99.
    pub minimum_length: usize,
    /// Whether it needs `A` to `Z`.
    pub require_uppercase: bool,
    /// Whether it needs `a` to `z`.
    pub require_lowercase: bool,
    /// Whether it needs `0` to `9`.
    pub require_numbers: bool,
    /// Whether it needs one of Cognito's special characters.
    pub require_symbols: bool,
}

impl Default for PasswordPolicy {
    fn default() -> Self {
        Self { minimum_length: 8, require_uppercase: true, require_lowercase: true, require_numbers: true, require_symbols: true }
    }
}

/// A rule that a definition breaks.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[expect(missing_docs, reason = "the message says what each one means")]
pub enum DefinitionError {
    #[error("user pool id {0:?}: must be REGION_NAME of letters, digits and `-` (no `-` in NAME), at most 55 characters")]
    PoolId(String),
    #[error("user pool {pool}: app client id {client:?} must have 1 to 128 letters, digits, `_` or `+`")]
    ClientId { pool: String, client: String },
    #[error("user pool {pool}: {what} {name:?} is defined twice")]
    Repeated { pool: String, what: &'static str, name: String },
    #[error("app client {0:?} is defined in two user pools; requests name only the client")]
    SharedClient(String),
    #[error("user pool {0} is defined twice")]
    RepeatedPool(String),
    #[error("user pool {pool}: group name {name:?} must have 1 to 128 letters, marks, symbols, digits or punctuation characters")]
    GroupName { pool: String, name: String },
    #[error("user pool {pool}: user {username:?}: {reason}")]
    User { pool: String, username: String, reason: String },
    #[error("user pool {0}: user names can be e-mail addresses or phone numbers; a preferred user name can only be an alias")]
    UsernameAttribute(String),
    #[error("user pool {pool}: more than {limit} users are defined")]
    TooManyUsers { pool: String, limit: usize },
    #[error("user pool {pool}: app client {client}: the validity of its {what} must be between {minimum:?} and {maximum:?}")]
    Validity { pool: String, client: String, what: &'static str, minimum: Duration, maximum: Duration },
}
