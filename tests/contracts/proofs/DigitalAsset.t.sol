// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IDigitalAsset} from "../../../contracts/interfaces/IDigitalAsset.sol";
import {Roles} from "../../../contracts/libraries/Roles.sol";
import {AssetProof} from "./AssetProof.sol";

/// @title Moves by holders and venues
contract TransferProof is AssetProof {
    /// @notice A transfer takes units from its sender and gives as many to its receiver (or burns them where the issuer receives and the
    /// terms say so), both admitted and the receiver of the asset's class; nobody else's units change.
    function check_transfer(address from, address to, address other, uint64 units) external {
        _any();
        bytes memory data = abi.encodeWithSignature("transfer(address,uint256)", to, units);
        _checkMove(from, from, to, other, units, data);
    }

    /// @notice The same of a transfer by somebody else, within what the holder allowed him.
    function check_transferFrom(address caller, address from, address to, address other, uint64 units) external {
        _any();
        uint256 allowed = _asset.allowance(from, caller);
        bytes memory data = abi.encodeWithSignature("transferFrom(address,address,uint256)", from, to, units);
        if (_checkMove(caller, from, to, other, units, data)) assert(units <= allowed);
    }

    /// @notice The same of a venue's delivery of units that the holder encumbered for this very venue.
    function check_deliver(address venue, uint256 id, address to, address other, uint64 units) external {
        _any();
        IDigitalAsset.Encumbrance memory lot = _asset.encumbrance(id);
        bytes memory data = abi.encodeCall(IDigitalAsset.deliver, (id, to, units));
        if (!_checkMove(venue, lot.holder, to, other, units, data)) return;
        assert(_holds(Roles.VENUE, venue) && lot.by == venue && units <= lot.units);
        assert(lot.kind == IDigitalAsset.EncumbranceKind.ORDER);
    }

    /// @notice Units arise only by a venue's issue, up to the maximum, for a holder admitted with the class.
    function check_issueUnits(address venue, address to, address other, uint64 units) external {
        _any();
        MACHINE.assume(other != to && other != address(0));
        _assumeSound(to, to, other);
        (Holding memory receiver, uint64 supply, uint64 others) = (_holding(to), _supply(), _holding(other).units);
        if (!_call(venue, abi.encodeCall(IDigitalAsset.issueUnits, (to, units)))) return;
        _assertMoved(address(0), to, units, receiver, receiver, supply);
        assert(_holds(Roles.VENUE, venue) && _admitted(to, _class));
        assert(uint256(supply) + units <= _maximum && _holding(other).units == others);
        _assertSound(to);
    }

    function _checkMove(address caller, address from, address to, address other, uint64 units, bytes memory data)
        private
        returns (bool done)
    {
        MACHINE.assume(other != from && other != to);
        _assumeSound(from, to, other);
        (Holding memory sender, Holding memory receiver, uint64 supply) = (_holding(from), _holding(to), _supply());
        uint64 others = _holding(other).units;
        done = _call(caller, data);
        if (!done) return false;
        _assertMoved(from, to, units, sender, receiver, supply);
        assert(_admitted(from, 0) && _admitted(to, _class));
        assert(_holding(other).units == others);
        _assertSound(from);
        _assertSound(to);
    }
}
