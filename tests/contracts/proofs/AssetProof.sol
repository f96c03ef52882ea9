// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IAccessManager} from "@openzeppelin/contracts/access/manager/IAccessManager.sol";
import {Participants} from "../../../contracts/identity/Participants.sol";
import {IIssueRegistry} from "../../../contracts/interfaces/IIssueRegistry.sol";
import {IParticipants} from "../../../contracts/interfaces/IParticipants.sol";
import {DigitalAsset} from "../../../contracts/issues/DigitalAsset.sol";
import {AnyManager, Proof} from "./Symbolic.sol";

/// @title One move of units from any state of the token, the allowlist and the access manager, under any terms
/// @dev What is assumed of the state before is what the same proofs show of the state after: units of any holders together are within
/// the supply, and no holder has more encumbered than it owns. The zero address holds nothing and is not admitted.
abstract contract AssetProof is Proof {
    /// What one holder has, read from the token's storage.
    struct Holding {
        uint64 units;
        uint64 encumbered;
    }

    /// Where `_holders` and `_lists` lie; `_holding` proves the first right at each use.
    uint256 private constant HOLDERS_SLOT = 1;
    uint256 private constant LISTS_SLOT = 7;

    DigitalAsset internal _asset;
    Participants internal _participants;
    AnyManager internal _manager;
    address internal _issuer;
    uint8 internal _class;
    uint64 internal _maximum;
    bool internal _burns;

    function setUp() public virtual {
        _manager = new AnyManager();
        _participants = new Participants(IAccessManager(address(_manager)));
        _issuer = ANY.createAddress("issuer");
        _class = uint8(ANY.createUint(8, "class"));
        _maximum = uint64(ANY.createUint(64, "maximum"));
        _burns = ANY.createBool("burnOnIssuerAcquire");
        MACHINE.warp(ANY.createUint(40, "now"));
    }

    /// Terms are any but for two record dates, whose number matters to no move; then every slot forgets what it holds.
    function _any() internal {
        MACHINE.assume(_issuer != address(0));
        uint40[] memory dates = new uint40[](2);
        (dates[0], dates[1]) = (1, 2);
        IIssueRegistry.Terms memory terms = IIssueRegistry.Terms({
            issueId: bytes32(uint256(1)),
            issuer: _issuer,
            decisionHash: bytes32(uint256(2)),
            name: "A",
            symbol: "A",
            nominalKopeks: 1,
            maximumUnits: _maximum,
            accessClass: _class,
            lockedUntil: uint40(ANY.createUint(40, "lockedUntil")),
            maturity: uint40(ANY.createUint(40, "maturity")),
            transferMode: IIssueRegistry.TransferMode(ANY.createUint(1, "transferMode")),
            burnOnIssuerAcquire: _burns,
            recordDates: dates
        });
        _asset = new DigitalAsset(address(_manager), address(_participants), terms);
        ANY.enableSymbolicStorage(address(_manager));
        ANY.enableSymbolicStorage(address(_participants));
        ANY.enableSymbolicStorage(address(_asset));
        MACHINE.assume(_participants.participant(address(0)).status == IParticipants.Status.NONE);
        MACHINE.assume(_asset.balanceOf(address(0)) == 0);
    }

    function _holding(address who) internal view returns (Holding memory holding) {
        uint256 word = uint256(MACHINE.load(address(_asset), keccak256(abi.encode(who, HOLDERS_SLOT))));
        holding = Holding(uint64(word), uint64(word >> 64));
        assert(holding.units == _asset.balanceOf(who));
    }

    function _supply() internal view returns (uint64) {
        return uint64(_asset.totalSupply());
    }

    /// Three different holders within the supply, none with more encumbered than owned.
    function _assumeSound(address a, address b, address c) internal view {
        (Holding memory x, Holding memory y, Holding memory z) = (_holding(a), _holding(b), _holding(c));
        uint256 total = x.units;
        if (b != a) total += y.units;
        if (c != a && c != b) total += z.units;
        MACHINE.assume(total <= _supply());
        MACHINE.assume(x.encumbered <= x.units && y.encumbered <= y.units && z.encumbered <= z.units);
    }

    function _assertSound(address who) internal view {
        Holding memory holding = _holding(who);
        assert(holding.encumbered <= holding.units);
    }

    /// At most `length` numbered encumbrances other than orders, all of this very holder.
    function _assumeListed(address who, uint256 length) internal view {
        bytes32 place = keccak256(abi.encode(who, LISTS_SLOT));
        uint256 count = uint256(MACHINE.load(address(_asset), place));
        MACHINE.assume(count <= length);
        for (uint256 i; i < length; ++i) {
            uint256 id = uint256(MACHINE.load(address(_asset), bytes32(uint256(keccak256(abi.encode(place))) + i)));
            MACHINE.assume(i >= count || _asset.encumbrance(id).holder == who);
        }
    }

    function _holds(uint64 role, address who) internal view returns (bool) {
        (bool member, uint32 delay) = _manager.hasRole(role, who);
        return member && delay == 0;
    }

    function _admitted(address who, uint8 class) internal view returns (bool) {
        return _participants.restriction(who, class) == 0;
    }

    function _call(address caller, bytes memory data) internal returns (bool done) {
        MACHINE.prank(caller);
        (done,) = address(_asset).call(data);
    }

    /// What `units` from `from` to `to` must have done, given what was there before; zero stands for new and for burnt units.
    function _assertMoved(
        address from,
        address to,
        uint64 units,
        Holding memory sender,
        Holding memory receiver,
        uint64 supply
    ) internal view {
        bool burnt = to == address(0) || (_burns && to == _issuer);
        if (from != address(0) && (from != to || burnt)) assert(_holding(from).units == sender.units - units);
        if (!burnt && from != to) assert(_holding(to).units == receiver.units + units);
        if (burnt && from != to) assert(_holding(to).units == receiver.units);
        if (!burnt && from == to) assert(_holding(to).units == receiver.units);
        uint256 wanted = uint256(supply) + (from == address(0) ? units : 0) - (burnt ? units : 0);
        assert(_supply() == wanted);
    }
}
