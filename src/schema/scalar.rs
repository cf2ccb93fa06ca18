//! Scalars: GraphQL's five, AppSync's nine, `Long`, and custom ones.

/// What a scalar accepts and gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Scalar {
    /// 32-bit integer.
    Int,
    /// Double.
    Float,
    /// Text.
    String,
    /// Boolean.
    Boolean,
    /// Identifier: text or integer in, text out.
    Id,
    /// 64-bit integer; undocumented, but AppSync takes it.
    Long,
    /// `YYYY-MM-DD` and an optional offset.
    AwsDate,
    /// `hh:mm:ss.sss` and an optional offset.
    AwsTime,
    /// ISO 8601 with a required offset.
    AwsDateTime,
    /// Seconds since the epoch.
    AwsTimestamp,
    /// An address by RFC 822.
    AwsEmail,
    /// JSON text in, parsed for resolvers; JSON text out.
    AwsJson,
    /// A URL with a scheme.
    AwsUrl,
    /// A telephone number.
    AwsPhone,
    /// IPv4 or IPv6, with an optional prefix length.
    AwsIpAddress,
    /// A scalar AppSync does not have; any value passes.
    Custom,
}
