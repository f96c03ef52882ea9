// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Governed} from "../access/Governed.sol";
import {IERC7943Fungible} from "../interfaces/IERC7943.sol";
import {IDigitalAsset} from "../interfaces/IDigitalAsset.sol";
import {Roles} from "../libraries/Roles.sol";
import {Holdings} from "./Holdings.sol";
import {Holder} from "./Slots.sol";

// slither-disable-start timestamp -- rules are set in days or hours; whoever makes a block can shift its time by seconds

/// @title What a holder owns and can't dispose of: orders, pledges, own lock-ups, arrests, freezes
/// @dev Free units = units - encumbered - frozen. Encumbrances other than ORDER are listed by holder, for a forced move eats them and a
/// replaced holder takes them along.
abstract contract Encumbrances is Holdings, Governed {
    /// A holder can't make so many lock-ups that a forced move would run out of gas.
    uint256 private constant MAXIMUM_LOCKUPS = 64;

    mapping(uint256 id => Encumbrance) private _encumbrances;
    mapping(address holder => uint256[]) private _lists;
    uint256 private _count;

    // --- making and releasing -------------------------------------------------------------------------------------------

    /// @inheritdoc IDigitalAsset
    function encumber(address holder, EncumbranceKind kind, uint64 units, uint40 until, bytes32 basis)
        external
        returns (uint256 id)
    {
        if (units == 0 || !_mayMake(holder, kind, until)) revert EncumbranceInvalid(holder, kind, units, until);
        Holder held = _holders[holder].word;
        if (held.free() < units) revert UnitsInsufficient(holder, held.free(), units);

        id = ++_count;
        _encumbrances[id] = Encumbrance(holder, units, kind, until, msg.sender, basis);
        _holders[holder].word = held.withEncumbered(held.encumbered() + units);
        if (kind != EncumbranceKind.ORDER) _lists[holder].push(id);
        emit UnitsEncumbered(id, holder, kind, units, until, basis, msg.sender);
    }

    /// @dev RoleRequired for kinds that belong to a role; false for a lock-up that isn't the holder's own, is over or is one too many.
    function _mayMake(address holder, EncumbranceKind kind, uint40 until) private view returns (bool) {
        if (kind == EncumbranceKind.LOCKUP) {
            return msg.sender == holder && until > block.timestamp && _lists[holder].length < MAXIMUM_LOCKUPS;
        }
        uint64 role = Roles.FOUR_EYES;
        if (kind == EncumbranceKind.ORDER) role = Roles.VENUE;
        if (kind == EncumbranceKind.FREEZE) role = Roles.COMPLIANCE;
        _requireRole(msg.sender, role);
        return true;
    }

    /// @inheritdoc IDigitalAsset
    function release(uint256 id, uint64 units) external {
        Encumbrance storage lot = _known(id);
        EncumbranceKind kind = lot.kind;
        if (kind == EncumbranceKind.ORDER) {
            if (msg.sender != lot.by) revert EncumbranceNotReleasable(id);
        } else if (kind == EncumbranceKind.LOCKUP) {
            if (block.timestamp <= lot.until) revert EncumbranceNotReleasable(id);
        } else if (kind == EncumbranceKind.FREEZE) {
            revert EncumbranceNotReleasable(id);
        } else {
            _requireRole(msg.sender, Roles.FOUR_EYES);
        }
        _reduce(id, lot, units);
    }

    /// @inheritdoc IDigitalAsset
    function unfreeze(uint256 id, uint64 units) external only(Roles.FOUR_EYES) {
        Encumbrance storage lot = _known(id);
        if (lot.kind != EncumbranceKind.FREEZE) revert EncumbranceNotReleasable(id);
        _reduce(id, lot, units);
    }

    /// @dev Free the units of a deal that its venue is about to deliver.
    /// @return holder whose units they are
    function _releaseForDelivery(uint256 id, uint64 units) internal returns (address holder) {
        Encumbrance storage lot = _known(id);
        if (lot.kind != EncumbranceKind.ORDER || msg.sender != lot.by) revert EncumbranceNotReleasable(id);
        holder = lot.holder;
        _reduce(id, lot, units);
    }

    function _known(uint256 id) private view returns (Encumbrance storage lot) {
        lot = _encumbrances[id];
        if (lot.units == 0) revert EncumbranceUnknown(id);
    }

    function _reduce(uint256 id, Encumbrance storage lot, uint64 units) private {
        (address holder, uint64 left) = (lot.holder, lot.units);
        if (left < units) revert EncumbranceTooSmall(id, left, units);
        left -= units;
        Holder held = _holders[holder].word;
        _holders[holder].word = held.withEncumbered(held.encumbered() - units);
        if (left != 0) {
            lot.units = left;
        } else {
            if (lot.kind != EncumbranceKind.ORDER) _unlist(holder, id);
            delete _encumbrances[id];
        }
        emit EncumbranceReduced(id, holder, units, left);
    }

    function _unlist(address holder, uint256 id) private {
        uint256[] storage list = _lists[holder];
        uint256 last = list.length - 1;
        uint256 i = last;
        while (list[i] != id) --i;
        list[i] = list[last];
        list.pop();
    }

    // --- forced moves ---------------------------------------------------------------------------------------------------

    /// @dev Make `units` of a holder free: from what is free, then from what is frozen, then arrested, locked up, pledged.
    /// UnitsInsufficient when only orders could give more.
    function _seize(address from, uint64 units) internal {
        Holder holder = _holders[from].word;
        if (holder.free() >= units) return;
        uint64 missing = units - holder.free();

        uint64 held = holder.units() - holder.encumbered() - holder.free(); // by setFrozenTokens
        if (held != 0) {
            uint64 taken = held < missing ? held : missing;
            _setFrozen(from, holder.frozen() - taken);
            missing -= taken;
        }
        uint256[] storage list = _lists[from];
        // The order of seizing is the order of kinds from the last down; ORDER, the first, is never listed.
        for (uint8 kind = uint8(EncumbranceKind.FREEZE); kind > 0 && missing != 0; --kind) {
            missing = _seizeKind(list, EncumbranceKind(kind), missing);
        }
        if (missing != 0) revert UnitsInsufficient(from, units - missing, units);
    }

    /// @dev From the end, so that a list that shrinks is walked once.
    function _seizeKind(uint256[] storage list, EncumbranceKind kind, uint64 missing) private returns (uint64) {
        for (uint256 i = list.length; i > 0 && missing != 0; --i) {
            uint256 id = list[i - 1];
            Encumbrance storage lot = _encumbrances[id];
            if (lot.kind == kind) {
                uint64 taken = lot.units < missing ? lot.units : missing;
                _reduce(id, lot, taken);
                missing -= taken;
            }
        }
        return missing;
    }

    /// @dev Everything that encumbers `from` becomes that of `to`, which is about to get the units.
    function _moveEncumbrances(address from, address to) internal {
        uint256[] storage list = _lists[from];
        Holder holder = _holders[from].word;
        uint64 orders = holder.encumbered();
        for (uint256 i = list.length; i > 0; --i) {
            uint256 id = list[i - 1];
            orders -= _encumbrances[id].units;
            _encumbrances[id].holder = to;
            _lists[to].push(id);
            list.pop();
        }
        if (orders != 0) revert HolderHasOrders(from, orders);
        Holder heir = _holders[to].word;
        _holders[to].word = heir.withEncumbered(heir.encumbered() + holder.encumbered());
        _holders[from].word = holder.withEncumbered(0);
        if (holder.frozen() != 0) {
            _setFrozen(from, 0);
            _setFrozen(to, heir.frozen() + holder.frozen());
        }
    }

    function _setFrozen(address account, uint64 units) internal {
        _holders[account].word = _holders[account].word.withFrozen(units);
        emit IERC7943Fungible.Frozen(account, units);
    }

    // --- questions ------------------------------------------------------------------------------------------------------

    /// @inheritdoc IDigitalAsset
    function freeUnits(address holder) public view returns (uint64) {
        return _holders[holder].word.free();
    }

    /// @inheritdoc IDigitalAsset
    function encumberedUnits(address holder) external view returns (uint64) {
        return _holders[holder].word.units() - _holders[holder].word.free();
    }

    /// @inheritdoc IDigitalAsset
    function encumbrance(uint256 id) external view returns (Encumbrance memory) {
        return _encumbrances[id];
    }
}

// slither-disable-end timestamp
