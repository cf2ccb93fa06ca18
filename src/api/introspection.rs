//! `__schema` and `__type`, answered by the schema room and kept per plan field while their arguments are constant.

use std::sync::Arc;

use value::Object;

use super::Api;
use crate::execution::ast::Field;
use crate::execution::plan::{ModeMask, ResolverId};
use crate::execution::planner::Wiring;
use crate::execution::writer::Introspection;
use crate::schema::introspection;
use crate::schema::type_system::{FieldDefinition, TypeId};

impl Introspection for Api {
    fn introspect(&self, field: &Field, variables: &Object) -> Result<Arc<[u8]>, String> {
        introspection::execute(&self.type_system, field, variables).map(Into::into)
    }
}

impl Wiring for Api {
    fn resolver(&self, type_name: &str, field_name: &str) -> Option<ResolverId> {
        self.resolvers.find(type_name, field_name)
    }

    fn modes(&self, type_id: TypeId, field: &FieldDefinition) -> ModeMask {
        self.authorization.modes(self.type_system.get(type_id), field)
    }

    fn query_depth_limit(&self) -> Option<u32> {
        self.limits.query_depth
    }
}
