//! Which region, and what AWS's hosts are called in it.

use aws_config::meta::region::ProvideRegion;
use aws_config::profile::ProfileFileRegionProvider;
use tokio::sync::OnceCell;
use value::Str;

/// The region of an endpoint on this machine when nothing says one: emulators take any.
const LOCAL_REGION: &str = "us-east-1";

/// The region that variables or profile files name, looked up once. The metadata service of an instance is not asked: no laptop
/// answers it, and a request would wait for seconds to say so.
#[derive(Debug, Default)]
pub(super) struct EnvironmentRegion(OnceCell<Option<Str>>);

impl EnvironmentRegion {
    /// The region for an endpoint on this machine, or for one elsewhere.
    pub(super) async fn resolve(&self, local: bool) -> Option<Str> {
        let ask = || async {
            // A variable that is set to nothing says nothing, as the AWS CLI has it.
            let variables = ["AWS_REGION", "AWS_DEFAULT_REGION"].iter().filter_map(|name| std::env::var(name).ok());
            match variables.map(|text| text.trim().to_owned()).find(|text| !text.is_empty()) {
                Some(region) => Some(region.into()),
                None => ProfileFileRegionProvider::new().region().await.map(|region| region.as_ref().into()),
            }
        };
        let stated = self.0.get_or_init(ask).await.clone();
        stated.or_else(|| local.then(|| LOCAL_REGION.into()))
    }
}

/// Whether a text can be a region: it becomes a label of a host name.
pub(super) fn is_region(text: &str) -> bool {
    let is_label = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    !text.is_empty() && text.len() <= 63 && !text.starts_with('-') && !text.ends_with('-') && text.bytes().all(is_label)
}

/// The domain of AWS's hosts in a region's partition
/// (<https://docs.aws.amazon.com/whitepapers/latest/aws-fault-isolation-boundaries/partitions.html>).
pub(super) fn domain(region: &str) -> &'static str {
    match region {
        _ if region.starts_with("cn-") => "amazonaws.com.cn",
        _ if region.starts_with("eusc-") => "amazonaws.eu",
        _ if region.starts_with("us-isob-") => "sc2s.sgov.gov",
        _ if region.starts_with("us-isof-") => "csp.hci.ic.gov",
        _ if region.starts_with("eu-isoe-") => "cloud.adc-e.uk",
        _ if region.starts_with("us-iso-") => "c2s.ic.gov",
        _ => "amazonaws.com",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_region_is_a_label() {
        for (text, expected) in [
            ("us-east-1", true),
            ("cn-north-1", true),
            ("eusc-de-east-1", true),
            ("", false),
            ("us-east-1.evil.test/", false),
            ("US-EAST-1", false),
            ("us east", false),
            ("-a", false),
            ("a@b", false),
        ] {
            assert_eq!(is_region(text), expected, "{text}");
        }
    }

    #[test]
    fn a_partition_has_its_domain() {
        for (region, expected) in [
            ("eu-central-1", "amazonaws.com"),
            ("us-gov-west-1", "amazonaws.com"),
            ("cn-northwest-1", "amazonaws.com.cn"),
            ("us-iso-east-1", "c2s.ic.gov"),
            ("us-isob-east-1", "sc2s.sgov.gov"),
            ("eusc-de-east-1", "amazonaws.eu"),
        ] {
            assert_eq!(domain(region), expected, "{region}");
        }
    }
}
