// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IAccessManager} from "@openzeppelin/contracts/access/manager/IAccessManager.sol";
import {Governed} from "../access/Governed.sol";
import {IParticipants} from "../interfaces/IParticipants.sol";
import {IRubles} from "../interfaces/IRubles.sol";
import {Restrictions} from "../libraries/Restrictions.sol";
import {Roles} from "../libraries/Roles.sol";

/// @title The nominal account, mirrored: who owns how many kopeks of it
contract Rubles is IRubles, Governed {
    /// The largest sum: every figure of this contract fits a signed 64-bit column.
    uint64 private constant MAXIMUM = type(uint64).max >> 1;

    /// Where `frozen` and `held` begin in the one slot of an Account; `free` begins at 0.
    uint256 private constant FROZEN_SHIFT = 192;
    uint256 private constant HELD_SHIFT = 64;

    /// Set for ever in the word of an account and of an escrow as it is first used, so the word never falls back to zero and its next
    /// writer pays 5,000 gas and not 22,100: whoever spent his last kopek on units gets his coupon as cheaply as the others. No sum
    /// passes MAXIMUM, so the highest bit of 64 is free; an account keeps it in `inTransit`, which begins at bit 128.
    uint64 private constant USED = MAXIMUM + 1;
    uint256 private constant USED_ACCOUNT = uint256(USED) << 128;

    struct Totals {
        uint64 supply;
        uint64 credited;
        uint64 paidOut;
    }

    IParticipants public immutable PARTICIPANTS;

    Totals private _totals;
    mapping(address account => Account) private _accounts;
    mapping(address account => mapping(address venue => uint64 kopeks)) private _held;
    mapping(address venue => uint64 kopeks) private _escrows;
    mapping(bytes32 id => Withdrawal) private _withdrawals;
    mapping(bytes32 bankRef => bool) private _credited;
    mapping(bytes32 bankRef => bool) private _paidOut;

    constructor(IAccessManager manager, IParticipants participants) Governed(manager) {
        PARTICIPANTS = participants;
    }

    // --- From and to the bank ----------------------------------------------------------------------------------------

    /// @inheritdoc IRubles
    function credit(address account, uint64 kopeks, bytes32 bankRef) external only(Roles.TREASURER) {
        if (kopeks == 0) revert RublesZeroAmount();
        if (_credited[bankRef]) revert RublesAlreadyCredited(bankRef);
        bool toFrozen = _receiverBlocked(account);
        Totals memory totals = _totals;
        // What was ever credited stays within the maximum, so no sum of balances can overflow.
        if (kopeks > MAXIMUM - totals.credited) revert RublesOverflow();

        _credited[bankRef] = true;
        (totals.supply, totals.credited) = (totals.supply + kopeks, totals.credited + kopeks);
        _totals = totals;
        _add(account, kopeks, toFrozen);

        emit RublesCredited(account, kopeks, bankRef, toFrozen);
    }

    /// @inheritdoc IRubles
    function requestWithdrawal(bytes32 id, uint64 kopeks, bytes32 detailsHash) external {
        if (kopeks == 0) revert RublesZeroAmount();
        if (_withdrawals[id].state != WithdrawalState.NONE) revert WithdrawalExists(id);
        PARTICIPANTS.requireAdmitted(msg.sender, 0);
        Account memory a = _takeFree(msg.sender, kopeks);

        a.inTransit += kopeks;
        _accounts[msg.sender] = a;
        _withdrawals[id] = Withdrawal(msg.sender, kopeks, WithdrawalState.REQUESTED);

        emit WithdrawalRequested(msg.sender, id, kopeks, detailsHash);
    }

    /// @inheritdoc IRubles
    function confirmWithdrawal(bytes32 id, bytes32 bankRef) external only(Roles.TREASURER) {
        if (_paidOut[bankRef]) revert WithdrawalRefUsed(bankRef);
        (address account, uint64 kopeks) = _closeWithdrawal(id, WithdrawalState.CONFIRMED);

        _paidOut[bankRef] = true;
        _totals.supply -= kopeks;
        _totals.paidOut += kopeks;

        emit WithdrawalConfirmed(account, id, kopeks, bankRef);
    }

    /// @inheritdoc IRubles
    function cancelWithdrawal(bytes32 id, bytes32 reason) external only(Roles.TREASURER) {
        (address account, uint64 kopeks) = _closeWithdrawal(id, WithdrawalState.CANCELLED);
        bool toFrozen = _blocked(account);
        _add(account, kopeks, toFrozen);

        emit WithdrawalCancelled(account, id, kopeks, reason);
        if (toFrozen) emit RublesFrozen(account, kopeks, reason);
    }

    // --- Venues ------------------------------------------------------------------------------------------------------

    /// @inheritdoc IRubles
    function hold(address account, uint64 kopeks) external only(Roles.VENUE) {
        if (kopeks == 0) revert RublesZeroAmount();
        Account storage a = _accounts[account];
        uint256 word;
        assembly ("memory-safe") {
            word := sload(a.slot)
        }
        if (uint64(word) < kopeks) revert RublesInsufficient(account, uint64(word), kopeks);

        // Free to held in one write. No sum can leave its field: all rubles together are within MAXIMUM.
        unchecked {
            word = word - kopeks + (uint256(kopeks) << HELD_SHIFT);
            assembly ("memory-safe") {
                sstore(a.slot, word)
            }
            _held[account][msg.sender] += kopeks;
            _escrows[msg.sender] = (_escrows[msg.sender] | USED) + kopeks;
        }

        emit RublesHeld(account, msg.sender, kopeks);
    }

    /// @inheritdoc IRubles
    function release(address account, uint64 kopeks) external only(Roles.VENUE) {
        if (kopeks == 0) return;
        _takeHeld(account, kopeks);
        bool toFrozen = _blocked(account);
        _add(account, kopeks, toFrozen);

        emit RublesReleased(account, msg.sender, kopeks, toFrozen);
    }

    /// @inheritdoc IRubles
    function pay(address from, address to, uint64 kopeks, bool fromHeld) external only(Roles.VENUE) {
        if (kopeks == 0) return;
        bool toFrozen = _receiverBlocked(to);
        if (fromHeld) _takeHeld(from, kopeks);
        else _accounts[from] = _takeFree(from, kopeks);
        _add(to, kopeks, toFrozen);

        emit RublesPaid(from, to, msg.sender, kopeks, fromHeld, toFrozen);
    }

    /// @inheritdoc IRubles
    function payBatch(address from, uint256[] calldata payments) external only(Roles.VENUE) {
        // slither-disable-next-line uninitialized-local -- a sum begins with nought
        uint256 total; // of fewer than 2^192 payments below 2^64 each
        for (uint256 i; i < payments.length; ++i) {
            uint256 payment = payments[i];
            Account storage a = _accounts[address(uint160(payment >> 96))];
            uint256 shift = payment >> 64 & 1 != 0 ? FROZEN_SHIFT : 0;
            unchecked {
                total += uint64(payment);
            }
            _plus(a, uint256(uint64(payment)) << shift);
        }
        if (total > MAXIMUM) revert RublesOverflow();
        _takeHeld(from, uint64(total));

        emit RublesPaidBatch(from, msg.sender, payments);
    }

    // --- Officers ----------------------------------------------------------------------------------------------------

    /// @inheritdoc IRubles
    function freeze(address account, uint64 kopeks, bytes32 basis) external only(Roles.COMPLIANCE) {
        if (kopeks == 0) revert RublesZeroAmount();
        Account memory a = _takeFree(account, kopeks);

        a.frozen += kopeks;
        _accounts[account] = a;

        emit RublesFrozen(account, kopeks, basis);
    }

    /// @inheritdoc IRubles
    function unfreeze(address account, uint64 kopeks, bytes32 basis) external only(Roles.FOUR_EYES) {
        if (kopeks == 0) revert RublesZeroAmount();
        Account memory a = _accounts[account];
        if (a.frozen < kopeks) revert RublesInsufficient(account, a.frozen, kopeks);

        (a.frozen, a.free) = (a.frozen - kopeks, a.free + kopeks);
        _accounts[account] = a;

        emit RublesUnfrozen(account, kopeks, basis);
    }

    /// @inheritdoc IRubles
    function moveAll(address from, address to) external only(Roles.FOUR_EYES) {
        _requireReplaced(from, to);
        Account memory moved = accountOf(from);
        if (moved.held != 0 || moved.inTransit != 0) revert RublesInUse(from, moved.held, moved.inTransit);

        delete _accounts[from];
        _add(to, moved.free, false);
        _add(to, moved.frozen, true);

        emit RublesMoved(from, to, moved);
    }

    // --- Views -------------------------------------------------------------------------------------------------------

    /// @inheritdoc IRubles
    function accountOf(address account) public view returns (Account memory) {
        Account memory a = _accounts[account];
        a.inTransit &= MAXIMUM;
        return a;
    }

    /// @inheritdoc IRubles
    function escrowOf(address venue) external view returns (uint64 kopeks) {
        return _escrows[venue] & MAXIMUM;
    }

    /// @inheritdoc IRubles
    function totalSupply() external view returns (uint64) {
        return _totals.supply;
    }

    /// @inheritdoc IRubles
    function creditedTotal() external view returns (uint64) {
        return _totals.credited;
    }

    /// @inheritdoc IRubles
    function paidOutTotal() external view returns (uint64) {
        return _totals.paidOut;
    }

    /// @inheritdoc IRubles
    function withdrawal(bytes32 id) external view returns (Withdrawal memory) {
        return _withdrawals[id];
    }

    // --- Inside ------------------------------------------------------------------------------------------------------

    /// The account without `kopeks` of its free rubles, its USED bit included; the caller writes it back.
    function _takeFree(address account, uint64 kopeks) private view returns (Account memory a) {
        a = _accounts[account];
        if (a.free < kopeks) revert RublesInsufficient(account, a.free, kopeks);
        a.free -= kopeks;
    }

    function _takeHeld(address account, uint64 kopeks) private {
        uint64 held = _held[account][msg.sender];
        if (held < kopeks) revert RublesNotHeld(account, msg.sender, held, kopeks);
        _held[account][msg.sender] = held - kopeks;
        _accounts[account].held -= kopeks;
        _escrows[msg.sender] -= kopeks;
    }

    function _add(address account, uint64 kopeks, bool toFrozen) private {
        _plus(_accounts[account], uint256(kopeks) << (toFrozen ? FROZEN_SHIFT : 0));
    }

    /// In one read and one write; a struct would be read and written member by member. No sum can leave its field: all rubles together
    /// are within MAXIMUM.
    function _plus(Account storage a, uint256 sums) private {
        uint256 word;
        assembly ("memory-safe") {
            word := sload(a.slot)
        }
        unchecked {
            word = (word | USED_ACCOUNT) + sums;
        }
        assembly ("memory-safe") {
            sstore(a.slot, word)
        }
    }

    function _closeWithdrawal(bytes32 id, WithdrawalState to) private returns (address account, uint64 kopeks) {
        Withdrawal storage w = _withdrawals[id];
        if (w.state != WithdrawalState.REQUESTED) revert WithdrawalNotOpen(id, w.state);
        (account, kopeks) = (w.account, w.kopeks);
        w.state = to;
        _accounts[account].inTransit -= kopeks;
    }

    function _blocked(address account) private view returns (bool) {
        return PARTICIPANTS.restriction(account, 0) == Restrictions.BLOCKED;
    }

    /// Money may come to a participant whose admission has expired: it is his, and he may not use it until he renews.
    function _receiverBlocked(address account) private view returns (bool) {
        uint8 code = PARTICIPANTS.restriction(account, 0);
        if (code == Restrictions.NOT_ADMITTED) revert IParticipants.ParticipantNotAdmitted(account);
        return code == Restrictions.BLOCKED;
    }

    /// `to` continues the number of `from`.
    function _requireReplaced(address from, address to) private view {
        IParticipants.Participant memory old = PARTICIPANTS.participant(from);
        if (old.status != IParticipants.Status.REPLACED) revert IParticipants.ParticipantWrongStatus(from, old.status);
        IParticipants.Participant memory present = PARTICIPANTS.participant(to);
        bool alive =
            present.status == IParticipants.Status.ACTIVE || present.status == IParticipants.Status.BLOCKED;
        if (!alive || present.number != old.number) revert IParticipants.ParticipantNotAdmitted(to);
    }
}
