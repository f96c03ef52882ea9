// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {IDigitalAsset} from "../interfaces/IDigitalAsset.sol";
import {Holder, State} from "./Slots.sol";

// slither-disable-start timestamp -- rules are set in days or hours; whoever makes a block can shift its time by seconds

/// @title Units of every holder, now and at each record date
/// @dev History is written only by the first move after a record date: a holder's slot remembers when it was last touched, so a slot
/// untouched since a record date still tells what was held then. A move in the very second of a record date counts for it.
abstract contract Holdings is IDigitalAsset {
    /// A word that can be pointed at, so that its place is reckoned once.
    struct Slot {
        Holder word;
    }

    uint40 private constant NEVER = type(uint40).max;

    address internal immutable _ISSUER;
    /// What reaches it is burnt: the issuer where the terms say so, else nobody.
    address private immutable _RETIRER;

    State internal _state;
    mapping(address holder => Slot) internal _holders;
    mapping(address holder => address) internal _predecessors;
    uint40[] internal _recordDates; // by number - 1, not by time: later ones are appended
    /// Each word says what was so at every record date of a span, from the lowest bit: value (96), its first second (40), its last (40).
    mapping(address holder => uint256[]) private _history;
    uint256[] private _totals; // of State

    constructor(address theIssuer, bool burnOnIssuerAcquire) {
        _ISSUER = theIssuer;
        _RETIRER = burnOnIssuerAcquire ? theIssuer : address(0);
        _state = _state.withRecordDates(0, NEVER);
    }

    // --- moving ---------------------------------------------------------------------------------------------------------

    /// @dev The one place where units move; from zero they are new, to zero they are burnt. The caller has checked the rules and
    /// that `from` can spare the units; `s` and `sender` are the words of the token and of `from` as they stand.
    function _move(State s, address from, Holder sender, address to, uint256 units) internal {
        if (block.timestamp > s.nextRecordAt()) s = _passRecordDates(s);

        State next = s;
        if (from == address(0)) next = next.withSupplyBy(units, 0);
        else next = _change(next, from, _holders[from], sender, units, 0);
        emit IERC20.Transfer(from, to, units);
        if (to == _RETIRER || to == address(0)) {
            next = next.withSupplyBy(0, units);
            if (to != address(0)) emit IERC20.Transfer(to, address(0), units);
        } else {
            next = _change(next, to, _holders[to], _holders[to].word, 0, units);
        }
        if (State.unwrap(next) != State.unwrap(s)) _state = next;
    }

    /// @dev Having held nothing needs no memory.
    function _change(State s, address who, Slot storage slot, Holder holder, uint256 minus, uint256 plus)
        private
        returns (State)
    {
        uint64 units = holder.units();
        if (units != 0) {
            if (holder.touchedAt() <= s.lastRecordAt()) {
                _history[who].push(_past(holder.touchedAt(), s.lastRecordAt(), units));
            }
            if (units == minus) s = s.withOneHolderLess();
        } else if (plus != 0) {
            s = s.withOneHolderMore();
        }
        slot.word = holder.moved(minus, plus);
        return s;
    }

    // --- record dates ---------------------------------------------------------------------------------------------------

    /// @dev The first move after one or several record dates: remember the totals, find the next date.
    function _passRecordDates(State s) private returns (State passed) {
        (uint40 last, uint40 next) = _around(block.timestamp);
        passed = s.withRecordDates(last, next);
        _totals.push(_past(s.lastRecordAt() + 1, last, s.totals()));
        _state = passed;
    }

    function _past(uint40 from, uint40 upTo, uint96 value) private pure returns (uint256) {
        return uint256(upTo) << 136 | uint256(from) << 96 | value;
    }

    /// @return last the latest record date before `time`
    /// @return next the earliest one at it or after it
    function _around(uint256 time) private view returns (uint40 last, uint40 next) {
        next = NEVER;
        uint256 count = _recordDates.length;
        for (uint256 i; i < count; ++i) {
            uint40 moment = _recordDates[i];
            if (moment < time) {
                if (moment > last) last = moment;
            } else if (moment < next) {
                next = moment;
            }
        }
    }

    function _addRecordDate(uint40 moment) internal returns (uint32 number) {
        _recordDates.push(moment);
        number = uint32(_recordDates.length);
        State s = _state;
        if (moment < s.nextRecordAt()) _state = s.withRecordDates(s.lastRecordAt(), moment);
        emit RecordDateSet(number, moment);
    }

    function _endCirculation(uint40 moment) internal {
        _state = _state.withCirculationEnd(moment);
        emit CirculationEnds(moment);
    }

    // --- questions ------------------------------------------------------------------------------------------------------

    /// @inheritdoc IDigitalAsset
    function issuer() external view returns (address) {
        return _ISSUER;
    }

    /// @inheritdoc IDigitalAsset
    function paused() external view returns (bool) {
        return _state.paused();
    }

    /// @inheritdoc IDigitalAsset
    function circulationEndsAt() external view returns (uint40) {
        return _state.circulationEndsAt();
    }

    /// @inheritdoc IDigitalAsset
    function holderCount() external view returns (uint32) {
        return _state.holders();
    }

    /// @inheritdoc IDigitalAsset
    function recordDateCount() external view returns (uint32) {
        return uint32(_recordDates.length);
    }

    /// @inheritdoc IDigitalAsset
    function recordDateAt(uint32 number) public view returns (uint40) {
        if (number == 0 || number > _recordDates.length) revert RecordDateUnknown(number);
        return _recordDates[number - 1];
    }

    /// @inheritdoc IDigitalAsset
    function unitsAt(address holder, uint32 number) external view returns (uint64) {
        return _unitsAt(holder, _passed(number));
    }

    /// @inheritdoc IDigitalAsset
    function unitsAtBatch(address[] calldata holders, uint32 number) external view returns (uint64[] memory units) {
        uint40 moment = _passed(number);
        units = new uint64[](holders.length);
        for (uint256 i; i < holders.length; ++i) {
            units[i] = _unitsAt(holders[i], moment);
        }
    }

    /// @inheritdoc IDigitalAsset
    function supplyAt(uint32 number) external view returns (uint64) {
        return uint64(_totalsAt(_passed(number)));
    }

    /// @inheritdoc IDigitalAsset
    function holdersAt(uint32 number) external view returns (uint32) {
        return uint32(_totalsAt(_passed(number)) >> 64);
    }

    function _passed(uint32 number) private view returns (uint40 moment) {
        moment = recordDateAt(number);
        if (block.timestamp <= moment) revert RecordDateAhead(number, moment);
    }

    /// @dev A replaced address has nothing; its successor has its own units and those of all before it.
    function _unitsAt(address who, uint40 moment) private view returns (uint64 units) {
        Holder holder = _holders[who].word;
        if (holder.replaced()) return 0;
        units = _ownUnitsAt(holder, who, moment);
        while (holder.inherits()) {
            who = _predecessors[who];
            holder = _holders[who].word;
            units += _ownUnitsAt(holder, who, moment);
        }
    }

    function _ownUnitsAt(Holder holder, address who, uint40 moment) private view returns (uint64) {
        return holder.touchedAt() <= moment ? holder.units() : uint64(_lookUp(_history[who], moment));
    }

    function _totalsAt(uint40 moment) private view returns (uint96) {
        State s = _state;
        return moment > s.lastRecordAt() ? s.totals() : _lookUp(_totals, moment);
    }

    /// @dev Value of the span that covers `moment`, 0 when none does. Spans are in order of time and don't overlap.
    function _lookUp(uint256[] storage history, uint40 moment) private view returns (uint96) {
        (uint256 low, uint256 high) = (0, history.length);
        while (low < high) {
            uint256 middle = (low + high) / 2;
            uint256 past = history[middle];
            if (moment > past >> 136) low = middle + 1;
            else if (moment < uint40(past >> 96)) high = middle;
            else return uint96(past);
        }
        return 0;
    }
}

// slither-disable-end timestamp
