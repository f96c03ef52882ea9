// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title The nominal account, mirrored: who owns how many kopeks of it
/// @notice Not a currency and not transferable by holders. Money belongs to the beneficiaries of the nominal account (ГК РФ ст. 860.1).
interface IRubles {
    struct Account {
        uint64 free;
        uint64 held;
        uint64 inTransit;
        uint64 frozen;
    }
    enum WithdrawalState {
        NONE,
        REQUESTED,
        CONFIRMED,
        CANCELLED
    }

    struct Withdrawal {
        address account;
        uint64 kopeks;
        WithdrawalState state;
    }

    /// @notice A bank payment was counted, once per reference.
    event RublesCredited(address indexed account, uint64 kopeks, bytes32 indexed bankRef, bool toFrozen);
    /// @notice Free rubles went into a venue's escrow.
    event RublesHeld(address indexed account, address indexed venue, uint64 kopeks);
    /// @notice Escrow went back to its owner, into frozen rubles when it is blocked.
    event RublesReleased(address indexed account, address indexed venue, uint64 kopeks, bool toFrozen);
    /// @notice A venue paid one owner from another's escrow or free rubles.
    event RublesPaid(
        address indexed from, address indexed to, address indexed venue, uint64 kopeks, bool fromHeld, bool toFrozen
    );
    /// A batch from escrow: each payment packs receiver << 96 | toFrozen << 64 | kopeks. One log for all, for a log each would cost a
    /// fifth of a payout's gas.
    event RublesPaidBatch(address indexed from, address indexed venue, uint256[] payments);
    /// @notice Free rubles were frozen.
    event RublesFrozen(address indexed account, uint64 kopeks, bytes32 basis);
    /// @notice Two officers freed frozen rubles.
    event RublesUnfrozen(address indexed account, uint64 kopeks, bytes32 basis);
    /// @notice Everything of a replaced address is its successor's now.
    event RublesMoved(address indexed from, address indexed to, Account moved);
    /// @notice Free rubles are on their way to the bank.
    event WithdrawalRequested(address indexed account, bytes32 indexed id, uint64 kopeks, bytes32 detailsHash);
    /// @notice The bank has paid; the rubles are burnt.
    event WithdrawalConfirmed(address indexed account, bytes32 indexed id, uint64 kopeks, bytes32 bankRef);
    /// @notice The bank has returned or refused; the rubles are their owner's again.
    event WithdrawalCancelled(address indexed account, bytes32 indexed id, uint64 kopeks, bytes32 reason);

    /// @notice `available` available, `wanted` wanted.
    error RublesInsufficient(address account, uint64 available, uint64 wanted);
    /// @notice `held` held, `wanted` wanted.
    error RublesNotHeld(address account, address venue, uint64 held, uint64 wanted);
    /// @notice This bank payment is counted already.
    error RublesAlreadyCredited(bytes32 bankRef);
    /// @notice The sum does not fit the register.
    error RublesOverflow();
    /// @notice The sum must be above zero.
    error RublesZeroAmount();
    /// Holds and withdrawals are closed before everything is moved to a new address.
    error RublesInUse(address account, uint64 held, uint64 inTransit);
    /// @notice This withdrawal exists already.
    error WithdrawalExists(bytes32 id);
    /// @notice This bank operation has confirmed another withdrawal already.
    error WithdrawalRefUsed(bytes32 bankRef);
    /// @notice The withdrawal is closed already.
    error WithdrawalNotOpen(bytes32 id, WithdrawalState state);

    /// @notice Credit an incoming payment once per bank reference; TREASURER. A blocked account is credited into frozen rubles.
    function credit(address account, uint64 kopeks, bytes32 bankRef) external;

    /// @notice Ask for own free rubles to be paid out: free -> in transit; the account itself, admitted and not blocked.
    function requestWithdrawal(bytes32 id, uint64 kopeks, bytes32 detailsHash) external;
    /// @notice The bank has paid: burn; TREASURER, once per bank reference.
    function confirmWithdrawal(bytes32 id, bytes32 bankRef) external;
    /// @notice The bank has returned or refused: in transit -> free; TREASURER. When the account is blocked the sum is frozen at once
    /// (RublesFrozen follows with the same reason).
    function cancelWithdrawal(bytes32 id, bytes32 reason) external;

    /// @notice Venue moves; VENUE. A venue may touch only what it holds itself. Releasing or paying nothing does nothing; the venue
    /// checks that a payer may act.
    function hold(address account, uint64 kopeks) external;
    /// @notice Give escrow back to its owner; VENUE, of what it holds itself.
    function release(address account, uint64 kopeks) external;
    /// @notice Pay from held (escrow of the calling venue) or from free rubles. Into frozen when the receiver is blocked.
    function pay(address from, address to, uint64 kopeks, bool fromHeld) external;
    /// @notice Pay many from the held rubles of one; `payments` as in RublesPaidBatch, toFrozen decided by the venue from Participants.
    function payBatch(address from, uint256[] calldata payments) external;

    /// @notice Freeze free rubles; one COMPLIANCE officer. Unfreeze; four eyes (COMPLIANCE).
    function freeze(address account, uint64 kopeks, bytes32 basis) external;
    /// @notice Free frozen rubles; four eyes (COMPLIANCE).
    function unfreeze(address account, uint64 kopeks, bytes32 basis) external;
    /// @notice Move everything of a replaced address; four eyes (REGISTRAR), after Participants.replace; open holds must be closed first.
    function moveAll(address from, address to) external;

    /// @notice The four parts of an account, kopeks.
    function accountOf(address account) external view returns (Account memory);
    /// @notice Kopeks that a venue holds for all.
    function escrowOf(address venue) external view returns (uint64);
    /// @notice Rubles of all accounts together: credited less paid out.
    function totalSupply() external view returns (uint64);
    /// @notice All that was ever credited.
    function creditedTotal() external view returns (uint64);
    /// @notice All that the bank has ever paid out.
    function paidOutTotal() external view returns (uint64);
    /// @notice A withdrawal by id; state NONE when there is none.
    function withdrawal(bytes32 id) external view returns (Withdrawal memory);
}
