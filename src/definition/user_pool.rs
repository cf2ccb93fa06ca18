//! User pools in this process: `[[user_pool]]`.

use crate::diagnostic::Place;

/// A user pool for development: sign-up, sign-in and tokens as Amazon Cognito has them. What it is made of stands in
/// [`user_pool::PoolDefinition`], in Cognito's own words.
#[derive(Clone, Debug)]
pub struct UserPoolDefinition {
    /// Its clients, groups, users and rules; they keep every rule of [`user_pool::PoolDefinition::check`].
    pub pool: user_pool::PoolDefinition,
    /// Where its id is written.
    pub place: Option<Place>,
}
