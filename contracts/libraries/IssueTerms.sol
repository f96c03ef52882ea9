// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IIssueRegistry} from "../interfaces/IIssueRegistry.sol";
import {AccessClass} from "./AccessClass.sol";

// slither-disable-start timestamp -- rules are set in days or hours; whoever makes a block can shift its time by seconds

/// @title What the terms of an issue and of its placement must fulfil; a refusal names the field
library IssueTerms {
    /// Sums of money fit a signed 64-bit column.
    uint256 private constant LARGEST_SUM = type(uint64).max >> 1;

    /// @notice Terms of the right, as decided by the issuer.
    function check(IIssueRegistry.Terms calldata t) internal view {
        _require(t.issueId != 0, "issueId");
        _require(t.decisionHash != 0, "decisionHash");
        _require(bytes(t.name).length != 0, "name");
        _require(bytes(t.symbol).length != 0, "symbol");
        _require(t.nominalKopeks != 0, "nominalKopeks");
        _require(t.maximumUnits != 0, "maximumUnits");
        _require(uint256(t.nominalKopeks) * t.maximumUnits <= LARGEST_SUM, "maximumUnits");
        _require(_oneClass(t.accessClass), "accessClass");
        _require(t.maturity > block.timestamp, "maturity");
        _require(t.lockedUntil < t.maturity, "lockedUntil");
        _checkRecordDates(t.recordDates, t.maturity);
    }

    /// @notice Terms of the primary sale of the right `t`.
    function checkSale(IIssueRegistry.PlacementTerms calldata p, IIssueRegistry.Terms calldata t) internal view {
        _require(p.priceKopeks != 0, "priceKopeks");
        _require(uint256(p.priceKopeks) * t.maximumUnits <= LARGEST_SUM, "priceKopeks");
        _require(p.minimumUnits != 0 && p.minimumUnits <= t.maximumUnits, "minimumUnits");
        _require(p.orderMin != 0, "orderMin");
        _require(p.orderMax >= p.orderMin && p.orderMax <= t.maximumUnits, "orderMax");
        _require(p.endsAt > p.startsAt && p.endsAt > block.timestamp, "endsAt");
        _require(p.creditingAt >= p.endsAt && p.creditingAt < t.maturity, "creditingAt");
        // Whoever buys in the placement holds on the first record date.
        _require(p.creditingAt < t.recordDates[0], "creditingAt");
    }

    /// Ascending, the first in the future, the last, which ends circulation, not after maturity.
    function _checkRecordDates(uint40[] calldata dates, uint40 maturity) private view {
        uint256 previous = block.timestamp;
        for (uint256 i; i < dates.length; ++i) {
            _require(dates[i] > previous, "recordDates");
            previous = dates[i];
        }
        _require(dates.length != 0 && previous <= maturity, "recordDates");
    }

    function _oneClass(uint8 class) private pure returns (bool) {
        return class == AccessClass.FREE || class == AccessClass.LIMIT || class == AccessClass.TEST
            || class == AccessClass.QUAL;
    }

    function _require(bool fulfilled, string memory field) private pure {
        if (!fulfilled) revert IIssueRegistry.IssueTermsInvalid(field);
    }
}

// slither-disable-end timestamp
