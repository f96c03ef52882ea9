// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @dev A holder in one word, from the lowest bit: units (64), encumbered (64), frozen (64), touched at (40), inherits, replaced.
/// `encumbered` counts numbered encumbrances and never exceeds `units`; `frozen` is what setFrozenTokens holds back and may.
type Holder is uint256;

/// @dev The token's one hot word, from the lowest bit: supply (64), holders (32), last record date that a move has seen pass (40),
/// next one (40, far away when there is none), end of circulation (40), paused.
type State is uint256;

using HolderSlot for Holder global;
using StateSlot for State global;

/// @title Reading and changing a holder's word
/// @dev By hand, because a struct would be read and written member by member. Sums can't leave their field: what is added is part of
/// the supply, which fits 64 bits, and what is taken was found there.
library HolderSlot {
    function units(Holder h) internal pure returns (uint64) {
        return uint64(Holder.unwrap(h));
    }

    function encumbered(Holder h) internal pure returns (uint64) {
        return uint64(Holder.unwrap(h) >> 64);
    }

    function frozen(Holder h) internal pure returns (uint64) {
        return uint64(Holder.unwrap(h) >> 128);
    }

    function touchedAt(Holder h) internal pure returns (uint40) {
        return uint40(Holder.unwrap(h) >> 192);
    }

    function inherits(Holder h) internal pure returns (bool) {
        return Holder.unwrap(h) >> 232 & 1 != 0;
    }

    function replaced(Holder h) internal pure returns (bool) {
        return Holder.unwrap(h) >> 233 & 1 != 0;
    }

    /// @return what is neither encumbered nor frozen
    function free(Holder h) internal pure returns (uint64) {
        uint256 bound = uint256(h.encumbered()) + h.frozen();
        return h.units() > bound ? uint64(h.units() - bound) : 0;
    }

    /// @return whether so many units are free; nothing can always be spared, also by a holder with more frozen than it has (EIP-20: a
    /// transfer of 0 is a transfer like any other)
    function canSpare(Holder h, uint256 wanted) internal pure returns (bool) {
        uint256 word = Holder.unwrap(h);
        // Neither can overflow: the sum is of two 64-bit values, the difference is taken only where it is not negative.
        unchecked {
            uint256 bound = uint256(uint64(word >> 64)) + uint64(word >> 128);
            return bound > uint64(word) ? wanted == 0 : wanted <= uint64(word) - bound;
        }
    }

    /// @dev After a move of units out and in, touched now. The field can't be left: units taken are there, units given are of the supply.
    function moved(Holder h, uint256 minus, uint256 plus) internal view returns (Holder) {
        unchecked {
            uint256 rest = Holder.unwrap(h) & ~(uint256(type(uint40).max) << 192);
            return Holder.wrap((rest - minus + plus) | block.timestamp << 192);
        }
    }

    function withEncumbered(Holder h, uint64 encumbered_) internal pure returns (Holder) {
        return Holder.wrap(Holder.unwrap(h) & ~(uint256(type(uint64).max) << 64) | uint256(encumbered_) << 64);
    }

    function withFrozen(Holder h, uint64 frozen_) internal pure returns (Holder) {
        return Holder.wrap(Holder.unwrap(h) & ~(uint256(type(uint64).max) << 128) | uint256(frozen_) << 128);
    }

    function asHeir(Holder h) internal pure returns (Holder) {
        return Holder.wrap(Holder.unwrap(h) | 1 << 232);
    }

    function asReplaced(Holder h) internal pure returns (Holder) {
        return Holder.wrap(Holder.unwrap(h) | 1 << 233);
    }
}

/// @title Reading and changing the token's word
library StateSlot {
    function supply(State s) internal pure returns (uint64) {
        return uint64(State.unwrap(s));
    }

    function holders(State s) internal pure returns (uint32) {
        return uint32(State.unwrap(s) >> 64);
    }

    /// @return supply and holders as history keeps them: the lowest 96 bits
    function totals(State s) internal pure returns (uint96) {
        return uint96(State.unwrap(s));
    }

    function lastRecordAt(State s) internal pure returns (uint40) {
        return uint40(State.unwrap(s) >> 96);
    }

    function nextRecordAt(State s) internal pure returns (uint40) {
        return uint40(State.unwrap(s) >> 136);
    }

    function circulationEndsAt(State s) internal pure returns (uint40) {
        return uint40(State.unwrap(s) >> 176);
    }

    function paused(State s) internal pure returns (bool) {
        return State.unwrap(s) >> 216 != 0;
    }

    /// @dev Units come into being or are burnt. The supply stays between 0 and the maximum, so its field is never left.
    function withSupplyBy(State s, uint256 plus, uint256 minus) internal pure returns (State) {
        unchecked {
            return State.wrap(State.unwrap(s) + plus - minus);
        }
    }

    /// @dev There are fewer holders than units, and never less than none.
    function withOneHolderMore(State s) internal pure returns (State) {
        unchecked {
            return State.wrap(State.unwrap(s) + (1 << 64));
        }
    }

    function withOneHolderLess(State s) internal pure returns (State) {
        unchecked {
            return State.wrap(State.unwrap(s) - (1 << 64));
        }
    }

    function withRecordDates(State s, uint40 last, uint40 next) internal pure returns (State) {
        uint256 rest = State.unwrap(s) & ~(uint256(type(uint80).max) << 96);
        return State.wrap(rest | uint256(last) << 96 | uint256(next) << 136);
    }

    function withCirculationEnd(State s, uint40 endsAt) internal pure returns (State) {
        return State.wrap(State.unwrap(s) & ~(uint256(type(uint40).max) << 176) | uint256(endsAt) << 176);
    }

    function withPaused(State s, bool paused_) internal pure returns (State) {
        return State.wrap(State.unwrap(s) & ~(uint256(1) << 216) | (paused_ ? uint256(1) << 216 : 0));
    }
}
