//! Which modes may read a field, compiled to bit masks (developer guide, "Authorization use cases").

use crate::auth::Identity;
use crate::definition::AuthenticationType;
use crate::execution::plan::ModeMask;
use crate::schema::TypeSystem;
use crate::schema::type_system::{AuthorizationDirective, FieldDefinition, TypeDefinition, TypeKind};

/// The modes of an API.
#[derive(Clone, Debug)]
pub(super) struct Authorization {
    /// The bit of the default mode.
    default: ModeMask,
}

impl Authorization {
    pub(super) fn new(default: AuthenticationType) -> Self {
        Self { default: bit(default) }
    }

    /// The fields of object types that no mode of `configured` may read, as `Type.field`.
    pub(super) fn closed(&self, type_system: &TypeSystem, configured: impl Iterator<Item = AuthenticationType>) -> Vec<String> {
        let configured = configured.map(bit).fold(0, |all, one| all | one);
        let mut closed = Vec::new();
        for definition in type_system.types.values() {
            let TypeKind::Object(fields) = &definition.kind else { continue };
            for field in fields.fields.values() {
                if self.modes(definition, field) & configured == 0 {
                    closed.push(format!("{}.{}", definition.name, field.name));
                }
            }
        }
        closed
    }

    /// A field's directives replace its type's; without any, only the default mode is let in.
    pub(super) fn modes(&self, definition: &TypeDefinition, field: &FieldDefinition) -> ModeMask {
        let directives = if field.authorization.is_empty() { &definition.authorization } else { &field.authorization };
        directives
            .iter()
            .filter_map(|directive| match directive {
                AuthorizationDirective::ApiKey => Some(AuthenticationType::ApiKey),
                AuthorizationDirective::Iam => Some(AuthenticationType::AwsIam),
                AuthorizationDirective::Oidc => Some(AuthenticationType::OpenIdConnect),
                AuthorizationDirective::Lambda => Some(AuthenticationType::AwsLambda),
                AuthorizationDirective::CognitoUserPools { .. } => Some(AuthenticationType::AmazonCognitoUserPools),
                // Only counts where user pools are the single mode; elsewhere it opens the field to nobody else.
                AuthorizationDirective::Auth { .. } => None,
            })
            .map(bit)
            .reduce(|all, one| all | one)
            .unwrap_or(self.default)
    }
}

/// The bit of the mode that let the caller in.
pub(super) fn mode_of(identity: &Identity) -> ModeMask {
    match identity {
        Identity::ApiKey => bit(AuthenticationType::ApiKey),
        Identity::Named { authentication_type, .. } => bit(*authentication_type),
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
