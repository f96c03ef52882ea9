// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";
import {IPayouts} from "../interfaces/IPayouts.sol";

/// @title Arithmetic of payouts: millionths of a kopek to whole kopeks, half up
library PayoutMath {
    using SafeCast for uint256;

    uint256 private constant MICRO = 1e6;
    uint256 private constant BPS = 10_000;
    uint256 private constant RUBLE = 100; // kopeks

    /// @return kopeks nearest to `micro` millionths of a kopek, a half going up
    function roundHalfUp(uint256 micro) internal pure returns (uint64 kopeks) {
        return ((micro + MICRO / 2) / MICRO).toUint64();
    }

    /// @return kopeks enough for any division of `units` among `holders`: exact per unit; per holder, rounding adds at most half a
    /// kopek each, so one each is a bound
    function required(IPayouts.Rounding rounding, uint64 units, uint128 micro, uint256 holders)
        internal
        pure
        returns (uint64 kopeks)
    {
        if (rounding == IPayouts.Rounding.PER_UNIT) return (uint256(units) * roundHalfUp(micro)).toUint64();
        return (Math.ceilDiv(uint256(units) * micro, MICRO) + holders).toUint64();
    }

    /// @return kopeks the most that may be withheld: the set share, or that share in whole rubles where rounding it half up gives
    /// more, for tax is counted in whole rubles (НК РФ ст. 52 п. 6)
    function withheldAtMost(uint64 grossKopeks, uint16 shareBps) internal pure returns (uint64 kopeks) {
        uint256 product = uint256(grossKopeks) * shareBps;
        // slither-disable-next-line divide-before-multiply -- tax is counted in whole rubles: the kopeks are meant to fall away
        uint256 rubles = (product + BPS * RUBLE / 2) / (BPS * RUBLE);
        return uint64(Math.min(grossKopeks, Math.max(product / BPS, rubles * RUBLE)));
    }
}
