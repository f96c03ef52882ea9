// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IDigitalAsset} from "../../../contracts/interfaces/IDigitalAsset.sol";
import {IERC1643} from "../../../contracts/interfaces/IERC1643.sol";
import {IParticipants} from "../../../contracts/interfaces/IParticipants.sol";
import {Roles} from "../../../contracts/libraries/Roles.sol";
import {AssetProof} from "./AssetProof.sol";

/// @title Moves by officers, and redemption
/// @dev Bounds: the holder seized from has at most one encumbrance other than orders; a longer list repeats the same step for each.
contract ForcedProof is AssetProof {
    uint256 private constant LISTED = 1;
    /// Where the token keeps its documents: `forge inspect DigitalAsset storageLayout`.
    uint256 private constant DOCUMENTS_SLOT = 9;

    /// @notice Units reach an address without the asset's class only by a forced transfer of four eyes that says so, and never one that is
    /// not admitted; as many leave the holder, nobody else's units change.
    function check_forcedTransfer(address caller, address from, address to, address other, uint64 units, bool bypass)
        external
    {
        _any();
        bytes memory data = abi.encodeWithSelector(FORCED, from, to, units, bypass, bytes32(0), bytes32(0));
        if (!_checkSeized(caller, from, to, other, units, data)) return;
        assert(_holds(Roles.FOUR_EYES, caller) && _admitted(to, bypass ? 0 : _class));
    }

    /// @notice The form of ERC-7943 never leaves the class out.
    function check_forcedTransfer_of_the_standard(address caller, address from, address to, address other, uint64 units)
        external
    {
        _any();
        bytes memory data = abi.encodeWithSignature("forcedTransfer(address,address,uint256)", from, to, units);
        if (!_checkSeized(caller, from, to, other, units, data)) return;
        assert(_holds(Roles.FOUR_EYES, caller) && _admitted(to, _class));
    }

    /// @notice A forced burn takes units from the holder and from the supply, by four eyes alone.
    function check_forcedBurn(address caller, address from, address other, uint64 units) external {
        _any();
        bytes memory data = abi.encodeCall(IDigitalAsset.forcedBurn, (from, units, 0, 0));
        if (_checkSeized(caller, from, address(0), other, units, data)) assert(_holds(Roles.FOUR_EYES, caller));
    }

    /// @notice Redemption takes units from the holder and from the supply, by a venue alone.
    function check_redeem(address caller, address from, address other, uint64 units) external {
        _any();
        (address[] memory holders, uint64[] memory amounts) = (new address[](1), new uint64[](1));
        (holders[0], amounts[0]) = (from, units);
        bytes memory data = abi.encodeCall(IDigitalAsset.redeem, (holders, amounts));
        if (_checkSeized(caller, from, address(0), other, units, data)) assert(_holds(Roles.VENUE, caller));
    }

    /// @notice Everything of a replaced address goes to the address that continues its number, by four eyes alone, encumbered units
    /// included.
    function check_replaceHolder(address caller, address from, address to, address other) external {
        _any();
        MACHINE.assume(from != address(0) && to != address(0) && other != from && other != to);
        _assumeSound(from, to, other);
        _assumeListed(from, LISTED);
        (Holding memory old, Holding memory heir, uint64 supply) = (_holding(from), _holding(to), _supply());
        uint64 others = _holding(other).units;
        if (!_call(caller, abi.encodeCall(IDigitalAsset.replaceHolder, (from, to)))) return;
        _assertMoved(from, to, old.units, old, heir, supply);
        assert(_holds(Roles.FOUR_EYES, caller) && _holding(other).units == others);
        IParticipants.Participant memory was = _participants.participant(from);
        assert(was.status == IParticipants.Status.REPLACED && was.number == _participants.participant(to).number);
        _assertSound(from);
        if (!(_burns && to == _issuer)) _assertSound(to);
    }

    /// @notice No other function changes anybody's units or the supply, or leaves a holder with more encumbered than owned.
    function check_no_other_function_moves_units(address caller, address holder) external {
        _any();
        bytes memory data = ANY.createCalldata("DigitalAsset");
        MACHINE.assume(!_moves(bytes4(data)) && bytes4(data) != IERC1643.removeDocument.selector);
        _checkStill(caller, holder, data);
    }

    /// @notice The same of the removal of a document: its address is one letter, for a log of any length can't be followed.
    function check_removal_of_a_document_moves_no_units(address caller, address holder, bytes32 name) external {
        _any();
        bytes32 place = keccak256(abi.encode(name, DOCUMENTS_SLOT));
        MACHINE.store(address(_asset), place, bytes32(bytes1("a")) | bytes32(uint256(2)));
        (string memory uri,,) = _asset.getDocument(name);
        assert(bytes(uri).length == 1);
        _checkStill(caller, holder, abi.encodeCall(IERC1643.removeDocument, (name)));
    }

    function _checkStill(address caller, address holder, bytes memory data) private {
        MACHINE.assume(holder != address(0));
        _assumeSound(holder, holder, holder);
        (uint64 units, uint64 supply) = (_holding(holder).units, _supply());
        _call(caller, data);
        assert(_holding(holder).units == units && _supply() == supply);
        _assertSound(holder);
    }

    bytes4 private constant FORCED =
        bytes4(keccak256("forcedTransfer(address,address,uint64,bool,bytes32,bytes32)"));
    bytes4 private constant FORCED_OF_STANDARD = bytes4(keccak256("forcedTransfer(address,address,uint256)"));
    bytes4 private constant TRANSFER = bytes4(keccak256("transfer(address,uint256)"));
    bytes4 private constant TRANSFER_FROM = bytes4(keccak256("transferFrom(address,address,uint256)"));

    function _moves(bytes4 selector) private pure returns (bool) {
        return selector == TRANSFER || selector == TRANSFER_FROM || selector == FORCED
            || selector == FORCED_OF_STANDARD || selector == IDigitalAsset.deliver.selector
            || selector == IDigitalAsset.issueUnits.selector || selector == IDigitalAsset.redeem.selector
            || selector == IDigitalAsset.forcedBurn.selector || selector == IDigitalAsset.replaceHolder.selector;
    }

    function _checkSeized(address caller, address from, address to, address other, uint64 units, bytes memory data)
        private
        returns (bool done)
    {
        MACHINE.assume(from != address(0) && other != from && other != to);
        _assumeSound(from, to, other);
        _assumeListed(from, LISTED);
        (Holding memory sender, Holding memory receiver, uint64 supply) = (_holding(from), _holding(to), _supply());
        uint64 others = _holding(other).units;
        done = _call(caller, data);
        if (!done) return false;
        _assertMoved(from, to, units, sender, receiver, supply);
        assert(_holding(other).units == others);
        _assertSound(from);
        _assertSound(to);
    }
}
