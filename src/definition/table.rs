//! Tables of DynamoDB, in the words of CloudFormation's `AWS::DynamoDB::Table`.
//!
//! Only the form is known here. Whether a key schema is one, whether every key attribute is defined, whether an index may have
//! these projections is DynamoDB's to judge, when the table is made.

use std::path::PathBuf;

use value::Str;

use crate::diagnostic::Place;

/// A table: `[[table]]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TableDefinition {
    /// `TableName`
    pub table_name: Str,
    /// `KeySchema`
    pub key_schema: Vec<KeySchemaElement>,
    /// `AttributeDefinitions`; where the file has none, every attribute of a key is a string.
    pub attribute_definitions: Vec<AttributeDefinition>,
    /// `GlobalSecondaryIndexes`
    pub global_secondary_indexes: Vec<SecondaryIndex>,
    /// `LocalSecondaryIndexes`
    pub local_secondary_indexes: Vec<SecondaryIndex>,
    /// `TimeToLiveSpecification`
    pub time_to_live_specification: Option<TimeToLiveSpecification>,
    /// `StreamSpecification`: its `StreamViewType`.
    pub stream_specification: Option<StreamViewType>,
    /// `BillingMode`; where the file has neither this nor a throughput, `PAY_PER_REQUEST`.
    pub billing_mode: BillingMode,
    /// `ProvisionedThroughput`
    pub provisioned_throughput: Option<ProvisionedThroughput>,
    /// `DeletionProtectionEnabled`
    pub deletion_protection_enabled: bool,
    /// `TableClass`
    pub table_class: Option<Str>,
    /// `Tags`: key and value.
    pub tags: Vec<(Str, Str)>,
    /// `seed`: files of items that `syncgate seed` writes.
    pub seed: Vec<PathBuf>,
    /// Where its name is written.
    pub place: Option<Place>,
}

/// An attribute of a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeySchemaElement {
    /// `AttributeName`
    pub attribute_name: Str,
    /// `KeyType`
    pub key_type: KeyType,
}

/// The type of an attribute of a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AttributeDefinition {
    /// `AttributeName`
    pub attribute_name: Str,
    /// `AttributeType`
    pub attribute_type: ScalarAttributeType,
}

/// A global or local secondary index.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SecondaryIndex {
    /// `IndexName`
    pub index_name: Str,
    /// `KeySchema`
    pub key_schema: Vec<KeySchemaElement>,
    /// `Projection`; where the file has none, `ALL`.
    pub projection: Projection,
    /// `ProvisionedThroughput`; a local index has none.
    pub provisioned_throughput: Option<ProvisionedThroughput>,
}

/// What an index holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Projection {
    /// `ProjectionType`
    pub projection_type: ProjectionType,
    /// `NonKeyAttributes`
    pub non_key_attributes: Vec<Str>,
}

/// `TimeToLiveSpecification`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TimeToLiveSpecification {
    /// `AttributeName`
    pub attribute_name: Str,
    /// `Enabled`
    pub enabled: bool,
}

/// `ProvisionedThroughput`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ProvisionedThroughput {
    /// `ReadCapacityUnits`
    pub read_capacity_units: u64,
    /// `WriteCapacityUnits`
    pub write_capacity_units: u64,
}

/// An enumeration with the names that DynamoDB gives its values.
macro_rules! names {
    ($(#[$about:meta])* $name:ident { $($variant:ident = $text:literal,)* }) => {
        $(#[$about])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum $name {
            $(#[doc = concat!("`", $text, "`")] $variant,)*
        }

        impl $name {
            /// All values by DynamoDB's names.
            pub const NAMES: &[(&'static str, Self)] = &[$(($text, Self::$variant),)*];

            /// DynamoDB's name.
            #[must_use]
            pub fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $text,)*
                }
            }
        }
    };
}

names! {
    /// `KeyType`.
    KeyType { Hash = "HASH", Range = "RANGE", }
}
names! {
    /// `AttributeType`.
    ScalarAttributeType { String = "S", Number = "N", Binary = "B", }
}
names! {
    /// `ProjectionType`.
    ProjectionType { All = "ALL", KeysOnly = "KEYS_ONLY", Include = "INCLUDE", }
}
names! {
    /// `StreamViewType`.
    StreamViewType {
        KeysOnly = "KEYS_ONLY",
        NewImage = "NEW_IMAGE",
        OldImage = "OLD_IMAGE",
        NewAndOldImages = "NEW_AND_OLD_IMAGES",
    }
}
names! {
    /// `BillingMode`.
    BillingMode { PayPerRequest = "PAY_PER_REQUEST", Provisioned = "PROVISIONED", }
}
