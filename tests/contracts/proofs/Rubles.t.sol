// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IAccessManager} from "@openzeppelin/contracts/access/manager/IAccessManager.sol";
import {Rubles} from "../../../contracts/cash/Rubles.sol";
import {Participants} from "../../../contracts/identity/Participants.sol";
import {IRubles} from "../../../contracts/interfaces/IRubles.sol";
import {Restrictions} from "../../../contracts/libraries/Restrictions.sol";
import {Roles} from "../../../contracts/libraries/Roles.sol";
import {AnyManager, Proof} from "./Symbolic.sol";

/// @title One move of kopeks from any state of the accounts, the allowlist and the access manager
/// @dev What is assumed before is what ordinary accounting gives: what an owner has, and what it is given, is within the supply, and that
/// within what was ever credited; an open withdrawal is within its owner's kopeks in transit, a venue's claim within its escrow. `payBatch` is
/// bounded to two payments; a longer batch repeats the same step.
contract RublesProof is Proof {
    uint64 private constant MAXIMUM = uint64(type(int64).max);

    Rubles private _rubles;
    Participants private _participants;
    AnyManager private _manager;

    function setUp() public {
        _manager = new AnyManager();
        _participants = new Participants(IAccessManager(address(_manager)));
        _rubles = new Rubles(IAccessManager(address(_manager)), _participants);
        ANY.enableSymbolicStorage(address(_manager));
        ANY.enableSymbolicStorage(address(_participants));
        ANY.enableSymbolicStorage(address(_rubles));
        MACHINE.warp(ANY.createUint(40, "now"));
    }

    /// @notice A credit gives its owner (into frozen rubles when he is blocked) and the supply what it says, by a treasurer alone.
    function check_credit(address caller, address owner, address other, uint64 kopeks, bytes32 ref) external {
        MACHINE.assume(other != owner);
        _assumeSound(owner);
        (IRubles.Account memory want, IRubles.Account memory others) = (_account(owner), _account(other));
        uint64 supply = _rubles.totalSupply();
        if (!_call(caller, abi.encodeCall(IRubles.credit, (owner, kopeks, ref)))) return;
        if (_blocked(owner)) want.frozen += kopeks;
        else want.free += kopeks;
        assert(_same(owner, want) && _same(other, others) && _rubles.totalSupply() == supply + kopeks);
        assert(_holds(Roles.TREASURER, caller));
    }

    /// @notice No bank reference is credited twice.
    function check_a_reference_is_credited_once(address one, address two, address owner, uint64 kopeks, bytes32 ref)
        external
    {
        if (!_call(one, abi.encodeCall(IRubles.credit, (owner, kopeks, ref)))) return;
        assert(!_call(two, abi.encodeCall(IRubles.credit, (owner, kopeks, ref))));
    }

    /// @notice A confirmed withdrawal takes from its owner's kopeks in transit and from the supply what was requested.
    function check_confirmWithdrawal(address caller, bytes32 id, address other, bytes32 ref) external {
        IRubles.Withdrawal memory wanted = _rubles.withdrawal(id);
        MACHINE.assume(other != wanted.account);
        _assumeSound(wanted.account);
        (IRubles.Account memory want, IRubles.Account memory others) = (_account(wanted.account), _account(other));
        MACHINE.assume(wanted.kopeks <= want.inTransit);
        uint64 supply = _rubles.totalSupply();
        if (!_call(caller, abi.encodeCall(IRubles.confirmWithdrawal, (id, ref)))) return;
        want.inTransit -= wanted.kopeks;
        assert(_same(wanted.account, want) && _same(other, others));
        assert(_rubles.totalSupply() == supply - wanted.kopeks && _holds(Roles.TREASURER, caller));
    }

    /// @notice A payment takes from one what it gives to another, by a venue alone, out of its own escrow where it says so.
    function check_pay(address caller, address from, address to, address other, uint64 kopeks, bool fromHeld) external {
        MACHINE.assume(other != from && other != to && from != to);
        _assumeSound(from);
        _assumeSound(to);
        (IRubles.Account memory payer, IRubles.Account memory payee, IRubles.Account memory others) =
            (_account(from), _account(to), _account(other));
        (uint64 supply, uint64 escrow) = (_rubles.totalSupply(), _rubles.escrowOf(caller));
        MACHINE.assume(!fromHeld || kopeks <= escrow);
        if (!_call(caller, abi.encodeCall(IRubles.pay, (from, to, kopeks, fromHeld)))) return;
        if (fromHeld) payer.held -= kopeks;
        else payer.free -= kopeks;
        if (_blocked(to)) payee.frozen += kopeks;
        else payee.free += kopeks;
        assert(_same(from, payer) && _same(to, payee) && _same(other, others) && _rubles.totalSupply() == supply);
        assert(_holds(Roles.VENUE, caller) && _rubles.escrowOf(caller) == escrow - (fromHeld ? kopeks : 0));
    }

    /// @notice Who pays himself has as much as before.
    function check_pay_to_oneself(address caller, address owner, uint64 kopeks, bool fromHeld) external {
        _assumeSound(owner);
        IRubles.Account memory want = _account(owner);
        MACHINE.assume(!fromHeld || kopeks <= _rubles.escrowOf(caller));
        if (!_call(caller, abi.encodeCall(IRubles.pay, (owner, owner, kopeks, fromHeld)))) return;
        if (fromHeld) want.held -= kopeks;
        else want.free -= kopeks;
        if (_blocked(owner)) want.frozen += kopeks;
        else want.free += kopeks;
        assert(_same(owner, want));
    }

    /// @notice A batch takes from the payer's escrow what it gives to the payees, by a venue alone.
    function check_payBatch(address caller, address from, address one, address two, uint64 a, uint64 b) external {
        MACHINE.assume(from != one && from != two && one != two);
        _assumeSound(from);
        _assumeSound(one);
        _assumeSound(two);
        (IRubles.Account memory payer, IRubles.Account memory first, IRubles.Account memory second) =
            (_account(from), _account(one), _account(two));
        // What is paid out of an escrow is part of the supply, so with what a payee has it is within the maximum.
        MACHINE.assume(a <= MAXIMUM - first.free && b <= MAXIMUM - second.frozen);
        MACHINE.assume(uint256(a) + b <= _rubles.escrowOf(caller));
        uint256[] memory payments = new uint256[](2);
        payments[0] = uint256(uint160(one)) << 96 | a;
        payments[1] = uint256(uint160(two)) << 96 | 1 << 64 | b;
        if (!_call(caller, abi.encodeCall(IRubles.payBatch, (from, payments)))) return;
        payer.held -= a + b;
        first.free += a;
        second.frozen += b;
        assert(_same(from, payer) && _same(one, first) && _same(two, second) && _holds(Roles.VENUE, caller));
    }

    /// @notice Everything of a replaced owner goes to its successor, by four eyes alone.
    function check_moveAll(address caller, address from, address to, address other) external {
        MACHINE.assume(other != from && other != to);
        _assumeSound(from);
        _assumeSound(to);
        (IRubles.Account memory old, IRubles.Account memory heir, IRubles.Account memory others) =
            (_account(from), _account(to), _account(other));
        MACHINE.assume(old.free <= MAXIMUM - heir.free && old.frozen <= MAXIMUM - heir.frozen);
        if (!_call(caller, abi.encodeCall(IRubles.moveAll, (from, to)))) return;
        (heir.free, heir.frozen) = (heir.free + old.free, heir.frozen + old.frozen);
        assert(old.held == 0 && old.inTransit == 0 && _same(to, heir) && _same(other, others));
        assert(_same(from, IRubles.Account(0, 0, 0, 0)) && _holds(Roles.FOUR_EYES, caller));
    }

    /// @notice A hold, a release, a request to withdraw and its cancellation, a freeze and its end shift kopeks between the free, held,
    /// frozen and those in transit of one owner, as many out of one as into another; nobody else's change.
    function check_shifts_stay_with_their_owner(address caller, address owner, address other, uint64 kopeks, bytes32 id)
        external
    {
        MACHINE.assume(other != owner);
        _assumeSound(owner);
        IRubles.Withdrawal memory wanted = _rubles.withdrawal(id);
        uint256 act = ANY.createUint(3, "act");
        MACHINE.assume(act < 6 && (act != 3 || (wanted.account == owner && wanted.kopeks == kopeks)));
        MACHINE.assume(act != 2 || caller == owner);
        (IRubles.Account memory want, IRubles.Account memory others) = (_account(owner), _account(other));
        MACHINE.assume(act != 3 || kopeks <= want.inTransit);
        MACHINE.assume(kopeks <= MAXIMUM);
        if (!_call(caller, _shift(act, owner, kopeks, id))) return;
        if (act == 0) (want.free, want.held) = (want.free - kopeks, want.held + kopeks);
        if (act == 1) want.held -= kopeks;
        if (act == 2) (want.free, want.inTransit) = (want.free - kopeks, want.inTransit + kopeks);
        if (act == 3) want.inTransit -= kopeks;
        if (act == 4) (want.free, want.frozen) = (want.free - kopeks, want.frozen + kopeks);
        if (act == 5) (want.free, want.frozen) = (want.free + kopeks, want.frozen - kopeks);
        if (act == 1 || act == 3) {
            if (_blocked(owner)) want.frozen += kopeks;
            else want.free += kopeks;
        }
        assert(_same(owner, want) && _same(other, others));
    }

    function _shift(uint256 act, address owner, uint64 kopeks, bytes32 id) private pure returns (bytes memory) {
        if (act == 0) return abi.encodeCall(IRubles.hold, (owner, kopeks));
        if (act == 1) return abi.encodeCall(IRubles.release, (owner, kopeks));
        if (act == 2) return abi.encodeCall(IRubles.requestWithdrawal, (id, kopeks, 0));
        if (act == 3) return abi.encodeCall(IRubles.cancelWithdrawal, (id, 0));
        if (act == 4) return abi.encodeCall(IRubles.freeze, (owner, kopeks, 0));
        return abi.encodeCall(IRubles.unfreeze, (owner, kopeks, 0));
    }

    /// @notice No other function changes what anybody owns, or the supply.
    function check_no_other_function_moves_kopeks(address caller, address owner) external {
        (IRubles.Account memory want, uint64 supply) = (_account(owner), _rubles.totalSupply());
        bytes memory data = ANY.createCalldata("Rubles");
        bytes4 selector = bytes4(data);
        MACHINE.assume(!_moves(selector));
        MACHINE.assume(selector != IRubles.hold.selector && selector != IRubles.release.selector);
        MACHINE.assume(selector != IRubles.requestWithdrawal.selector && selector != IRubles.cancelWithdrawal.selector);
        MACHINE.assume(selector != IRubles.freeze.selector && selector != IRubles.unfreeze.selector);
        _call(caller, data);
        assert(_same(owner, want) && _rubles.totalSupply() == supply);
    }

    function _moves(bytes4 selector) private pure returns (bool) {
        return selector == IRubles.credit.selector || selector == IRubles.confirmWithdrawal.selector
            || selector == IRubles.pay.selector || selector == IRubles.payBatch.selector
            || selector == IRubles.moveAll.selector;
    }

    function _account(address owner) private view returns (IRubles.Account memory) {
        return _rubles.accountOf(owner);
    }

    function _same(address owner, IRubles.Account memory want) private view returns (bool) {
        IRubles.Account memory has = _rubles.accountOf(owner);
        return has.free == want.free && has.held == want.held && has.inTransit == want.inTransit
            && has.frozen == want.frozen;
    }

    function _blocked(address owner) private view returns (bool) {
        return _participants.restriction(owner, 0) == Restrictions.BLOCKED;
    }

    /// What an owner has in all is within the supply, and that within what was ever credited.
    function _assumeSound(address owner) private view {
        IRubles.Account memory has = _rubles.accountOf(owner);
        uint64 supply = _rubles.totalSupply();
        MACHINE.assume(uint256(has.free) + has.held + has.inTransit + has.frozen <= supply);
        MACHINE.assume(supply <= _rubles.creditedTotal() && _rubles.creditedTotal() <= MAXIMUM);
    }

    function _holds(uint64 role, address who) private view returns (bool) {
        (bool member, uint32 delay) = _manager.hasRole(role, who);
        return member && delay == 0;
    }

    /// Nobody sends from the zero address, and to the test machine it means "as before".
    function _call(address caller, bytes memory data) private returns (bool done) {
        MACHINE.assume(caller != address(0));
        MACHINE.prank(caller);
        (done,) = address(_rubles).call(data);
    }
}
