//! IP addresses: `cidr`, and texts that are addresses, which are equal in every spelling.

use std::net::IpAddr;

/// The address that a text is, if it is one.
pub(crate) fn address(text: &str) -> Option<IpAddr> {
    text.parse().ok()
}

/// A block of addresses.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Cidr {
    network: u128,
    /// The bits that are compared.
    mask: u128,
    is_v4: bool,
}

impl Cidr {
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let mut parts = text.split('/');
        let (Some(base), Some(bits), None) = (parts.next(), parts.next(), parts.next()) else {
            return Err("Malformed CIDR, one '/' required".to_owned());
        };
        let bits: i32 = bits.parse().map_err(|_| "Malformed CIDR, mask bits must be an integer".to_owned())?;
        let bits = u32::try_from(bits).map_err(|_| "Malformed CIDR, mask bits must not be negative".to_owned())?;
        let base = address(base).ok_or_else(|| format!("Nonstandard IP address: {base}"))?;
        let (number, width) = number_of(base);
        if bits >= width {
            return Err(format!("IPv{} mask bits must be < {width}", if width == 32 { 4 } else { 6 }));
        }
        let mask = !(u128::MAX >> (128 - width) >> bits);
        Ok(Self { network: number & mask, mask, is_v4: base.is_ipv4() })
    }

    pub(crate) fn contains(self, address: IpAddr) -> bool {
        address.is_ipv4() == self.is_v4 && number_of(address).0 & self.mask == self.network
    }
}

fn number_of(address: IpAddr) -> (u128, u32) {
    match address {
        IpAddr::V4(address) => (u128::from(u32::from(address)), 32),
        IpAddr::V6(address) => (u128::from(address), 128),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_block_holds_its_addresses() {
        for (block, inside, outside) in [
            ("10.0.0.0/24", &["10.0.0.0", "10.0.0.255"][..], &["10.0.1.0", "11.0.0.0", "::a00:0"][..]),
            ("10.0.0.77/24", &["10.0.0.3"], &["10.0.1.77"]),
            ("0.0.0.0/0", &["1.2.3.4"], &["::1"]),
            ("10.0.0.2/31", &["10.0.0.2", "10.0.0.3"], &["10.0.0.4"]),
            ("2001:db8:1234:1a00::/64", &["2001:db8:1234:1a00::1"], &["2001:db8:1234:1a01::1", "10.0.0.1"]),
            ("::/0", &["::1"], &["1.2.3.4"]),
        ] {
            let cidr = Cidr::parse(block).expect(block);
            for text in inside {
                assert!(cidr.contains(text.parse().expect(text)), "{block} {text}");
            }
            for text in outside {
                assert!(!cidr.contains(text.parse().expect(text)), "{block} {text}");
            }
        }
    }

    #[test]
    fn a_malformed_block_is_refused_in_eventbridges_words() {
        for (block, reason) in [
            ("bad-filter", "Malformed CIDR, one '/' required"),
            ("10.0.0.0/8/9", "Malformed CIDR, one '/' required"),
            ("bad-/64filter", "Malformed CIDR, mask bits must be an integer"),
            ("10.0.0.0/-1", "Malformed CIDR, mask bits must not be negative"),
            ("xx.11.xx/8", "Nonstandard IP address: xx.11.xx"),
            ("xxxx:db8:1234:1a00::/64", "Nonstandard IP address: xxxx:db8:1234:1a00::"),
            ("10.0.0.0/32", "IPv4 mask bits must be < 32"),
            ("::/128", "IPv6 mask bits must be < 128"),
        ] {
            assert_eq!(Cidr::parse(block).map(|_| ()), Err(reason.to_owned()), "{block}");
        }
    }
}
