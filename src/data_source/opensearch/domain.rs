//! What a host of AWS's says about itself: `search-NAME-ID.REGION.es.amazonaws.com` for a domain,
//! `search-NAME-ID.aos.REGION.on.aws` for its dual-stack address, `ID.REGION.aoss.amazonaws.com` for a serverless collection.

/// The region of a host, if it is one of AWS's.
pub(super) fn region(host: &str) -> Option<&str> {
    let labels: Vec<&str> = host.split('.').collect();
    labels.windows(3).find_map(|window| match *window {
        [region, "es" | "aoss", "amazonaws" | "api"] => Some(region),
        ["aos" | "aoss", region, "on"] => Some(region),
        _ => None,
    })
}

/// The service in a signature. A domain behind a name of one's own is one of OpenSearch Service.
pub(super) fn service(host: &str) -> &'static str {
    if host.split('.').any(|label| label == "aoss") { "aoss" } else { "es" }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_of_aws_name_service_and_region() {
        for (host, expected_region, expected_service) in [
            ("search-posts-abc.eu-west-1.es.amazonaws.com", Some("eu-west-1"), "es"),
            ("vpc-posts-abc.cn-north-1.es.amazonaws.com.cn", Some("cn-north-1"), "es"),
            ("search-posts-abc.aos.us-east-2.on.aws", Some("us-east-2"), "es"),
            ("abc123.us-west-2.aoss.amazonaws.com", Some("us-west-2"), "aoss"),
            ("search.example.com", None, "es"),
            ("localhost", None, "es"),
        ] {
            assert_eq!((region(host), service(host)), (expected_region, expected_service), "{host}");
        }
    }
}
