//! Who may read a field, compiled to bit masks (developer guide, "Authorization use cases").
//!
//! A field has a bit for every mode that is let in, and a bit for every group of user pools where only groups are; a caller has
//! the bit of the mode that let him in, and those of his groups. One common bit opens the field.

use indexmap::IndexSet;
use value::{Str, Value};

use crate::auth::Identity;
use crate::definition::{ApiDefinition, AuthenticationProvider, AuthenticationType, DefaultAction};
use crate::execution::plan::ModeMask;
use crate::schema::TypeSystem;
use crate::schema::type_system::{AuthorizationDirective, FieldDefinition, TypeDefinition, TypeKind};

/// The bits below are modes.
const MODES: usize = 5;
/// How many groups a schema may name.
pub(super) const MOST_GROUPS: usize = ModeMask::BITS as usize - MODES;

/// The modes of an API.
#[derive(Clone, Debug)]
pub(super) struct Authorization {
    /// Who may read a field without directives.
    default: ModeMask,
    /// All modes.
    configured: ModeMask,
    /// The groups that directives name; their place is their bit.
    groups: IndexSet<Str>,
    /// Whether user pools are the single mode, in which `@aws_auth` counts.
    pools_only: bool,
}

impl Authorization {
    /// For the modes of `definition`; no group has a bit yet.
    pub(super) fn new(definition: &ApiDefinition) -> Self {
        let default = match &definition.authentication {
            AuthenticationProvider::AmazonCognitoUserPools(pool) if pool.default_action == DefaultAction::Deny => 0,
            provider => bit(provider.authentication_type()),
        };
        let types = || definition.authentication_providers().map(AuthenticationProvider::authentication_type);
        Self {
            default,
            configured: types().map(bit).fold(0, |all, one| all | one),
            groups: IndexSet::new(),
            pools_only: types().all(|mode| mode == AuthenticationType::AmazonCognitoUserPools),
        }
    }

    /// Gives the groups that the schema's directives name their bits.
    ///
    /// # Errors
    /// How many there are, when they are too many.
    pub(super) fn with_groups(mut self, type_system: &TypeSystem) -> Result<Self, usize> {
        for definition in type_system.types.values() {
            let fields = match &definition.kind {
                TypeKind::Object(fields) | TypeKind::Interface { fields, .. } => Some(fields),
                _ => None,
            };
            let of_fields = fields.into_iter().flat_map(|fields| fields.fields.values()).flat_map(|field| &field.authorization);
            for directive in definition.authorization.iter().chain(of_fields) {
                if let AuthorizationDirective::CognitoUserPools { groups: Some(groups) }
                | AuthorizationDirective::Auth { groups: Some(groups) } = directive
                {
                    self.groups.extend(groups.iter().cloned());
                }
            }
        }
        if self.groups.len() > MOST_GROUPS { Err(self.groups.len()) } else { Ok(self) }
    }

    /// The fields of object types that no mode of the API may read, as `Type.field`.
    pub(super) fn closed(&self, type_system: &TypeSystem) -> Vec<String> {
        let groups = if self.configured & bit(AuthenticationType::AmazonCognitoUserPools) == 0 {
            0
        } else {
            self.groups.iter().map(|group| self.group(group)).fold(0, |all, one| all | one)
        };
        let mut closed = Vec::new();
        for definition in type_system.types.values() {
            let TypeKind::Object(fields) = &definition.kind else { continue };
            for field in fields.fields.values() {
                if self.modes(definition, field) & (self.configured | groups) == 0 {
                    closed.push(format!("{}.{}", definition.name, field.name));
                }
            }
        }
        closed
    }

    /// The fields and types whose `@aws_auth` does not count, because user pools are not the single mode.
    pub(super) fn ignored(&self, type_system: &TypeSystem) -> Vec<String> {
        let is_ignored = |directives: &[AuthorizationDirective]| {
            directives.iter().any(|directive| matches!(directive, AuthorizationDirective::Auth { groups: Some(_) }))
        };
        let mut ignored = Vec::new();
        for definition in type_system.types.values().filter(|_| !self.pools_only) {
            let TypeKind::Object(fields) = &definition.kind else { continue };
            if is_ignored(&definition.authorization) {
                ignored.push(definition.name.to_string());
            }
            let of_fields = fields.fields.values().filter(|field| is_ignored(&field.authorization));
            ignored.extend(of_fields.map(|field| format!("{}.{}", definition.name, field.name)));
        }
        ignored
    }

    /// A field's directives replace its type's; without any, only the default mode is let in.
    pub(super) fn modes(&self, definition: &TypeDefinition, field: &FieldDefinition) -> ModeMask {
        let directives = if field.authorization.is_empty() { &definition.authorization } else { &field.authorization };
        let masks = directives.iter().filter_map(|directive| self.directive(directive));
        masks.reduce(|all, one| all | one).unwrap_or(self.default)
    }

    /// Who a directive lets in; `None` when it does not count here.
    fn directive(&self, directive: &AuthorizationDirective) -> Option<ModeMask> {
        let groups = |groups: &[Str]| groups.iter().map(|group| self.group(group)).fold(0, |all, one| all | one);
        match directive {
            AuthorizationDirective::ApiKey => Some(bit(AuthenticationType::ApiKey)),
            AuthorizationDirective::Iam => Some(bit(AuthenticationType::AwsIam)),
            AuthorizationDirective::Oidc => Some(bit(AuthenticationType::OpenIdConnect)),
            AuthorizationDirective::Lambda => Some(bit(AuthenticationType::AwsLambda)),
            AuthorizationDirective::CognitoUserPools { groups: None } => Some(bit(AuthenticationType::AmazonCognitoUserPools)),
            AuthorizationDirective::CognitoUserPools { groups: Some(named) } => Some(groups(named)),
            // Without groups it leaves the field to the default action (aws-appsync-community#275).
            AuthorizationDirective::Auth { groups: None } => None,
            // Only counts where user pools are the single mode; elsewhere it leaves the field to the default mode.
            AuthorizationDirective::Auth { groups: Some(named) } => self.pools_only.then(|| groups(named)),
        }
    }

    /// What a caller has: the bit of the mode that let him in, and those of his groups. Groups are those of user pools only;
    /// a claim of that name in another token is nothing. A caller whom the definition names has those of its `groups`.
    pub(super) fn of(&self, identity: &Identity) -> ModeMask {
        match identity {
            Identity::ApiKey => bit(AuthenticationType::ApiKey),
            Identity::Iam(_) => bit(AuthenticationType::AwsIam),
            Identity::Oidc(_) => bit(AuthenticationType::OpenIdConnect),
            Identity::Named { authentication_type: AuthenticationType::AmazonCognitoUserPools, context } => {
                let groups = context.get("groups").and_then(Value::as_list).unwrap_or_default();
                let groups = groups.iter().filter_map(Value::as_str).map(|group| self.group(group));
                groups.fold(bit(AuthenticationType::AmazonCognitoUserPools), |all, one| all | one)
            }
            Identity::Named { authentication_type, .. } => bit(*authentication_type),
            Identity::Lambda(_) => bit(AuthenticationType::AwsLambda),
            Identity::UserPool(user) => {
                let groups = user.groups.iter().flatten().map(|group| self.group(group));
                groups.fold(bit(AuthenticationType::AmazonCognitoUserPools), |all, one| all | one)
            }
        }
    }

    /// The bit of a group; none when no directive names it.
    fn group(&self, name: &str) -> ModeMask {
        self.groups.get_index_of(name).filter(|at| *at < MOST_GROUPS).map_or(0, |at| 1 << (MODES + at))
    }
}

fn bit(mode: AuthenticationType) -> ModeMask {
    match mode {
        AuthenticationType::ApiKey => 1,
        AuthenticationType::AwsIam => 2,
        AuthenticationType::OpenIdConnect => 4,
        AuthenticationType::AmazonCognitoUserPools => 8,
        AuthenticationType::AwsLambda => 16,
    }
}
