// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title Coupons, amortisation and redemption: declared, funded in full, distributed in batches, complete when the chain says so
interface IPayouts {
    enum Kind {
        COUPON,
        AMORTISATION,
        REDEMPTION,
        EARLY_CALL,
        EARLY_PUT
    }
    enum Rounding {
        PER_UNIT,
        PER_HOLDER
    }
    enum State {
        NONE,
        DECLARED,
        FUNDED,
        EXECUTING,
        DONE,
        CANCELLED,
        OVERDUE,
        DEFAULTED
    }

    struct Run {
        address asset;
        address issuer;
        Kind kind;
        Rounding rounding;
        State state;
        uint32 recordDate; // number of the record date in the token
        uint40 dueAt;
        uint128 microKopeksPerUnit; // millionths of a kopek
        uint64 escrowKopeks; // left
        uint64 unitsDue; // supply at the record date, or tendered units
        uint64 unitsPaid;
        uint64 kopeksPaid;
    }

    event RunDeclared(
        uint256 indexed id,
        address indexed asset,
        bytes32 indexed ref,
        Kind kind,
        Rounding rounding,
        uint32 recordDate,
        uint128 microKopeksPerUnit,
        uint40 dueAt,
        address declaredBy
    );
    event RunFunded(uint256 indexed id, uint64 kopeks, uint64 unitsDue);
    /// A batch: each payment packs units << 192 | grossKopeks << 128 | withheldKopeks << 64 | toFrozen. One log for all, for a log each
    /// would cost a sixth of a payout's gas.
    event HoldersPaid(uint256 indexed id, address[] holders, uint256[] payments);
    event RunCompleted(uint256 indexed id, uint64 unitsPaid, uint64 kopeksPaid, uint64 returnedKopeks);
    event RunCancelled(uint256 indexed id, uint64 returnedKopeks);
    event RunOverdue(uint256 indexed id, uint40 graceEndsAt);
    event RunDefaulted(uint256 indexed id);
    /// `units` in all: a second tender of a holder replaces the first.
    event UnitsTendered(uint256 indexed id, address indexed holder, uint64 units, uint256 encumbranceId);
    event TenderReturned(uint256 indexed id, address indexed holder, uint64 units);
    event TaxRuleSet(address taxAccount, uint16 maximumWithheldBps);
    event GraceSet(uint40 graceSeconds);

    error RunUnknown(uint256 id);
    error RunWrongState(uint256 id, State state);
    error RunNotIssuer(uint256 id, address who);
    error RunRecordDateAhead(uint256 id, uint40 recordAt);
    error RunNotDue(uint256 id, uint40 dueAt);
    error RunAlreadyPaid(uint256 id, address holder);
    error RunHolderWithoutUnits(uint256 id, address holder);
    error RunUnderfunded(uint256 id, uint64 required, uint64 given);
    error RunWithheldTooMuch(uint256 id, address holder, uint64 withheld, uint64 allowed);
    error RunTermsInvalid(string field);
    error RunTenderClosed(uint256 id, uint40 recordAt);
    error RunTenderMissing(uint256 id, address holder);

    /// @notice Declare a run; the issuer of the asset, or OPERATOR in the issuer's name. `ref` is the operator's run id, unique.
    function declare(
        address asset,
        Kind kind,
        Rounding rounding,
        uint32 recordDate,
        uint128 microKopeksPerUnit,
        uint40 dueAt,
        bytes32 ref
    ) external returns (uint256 id);
    /// @notice After the record date: move the whole sum from the issuer's free rubles into escrow; the issuer, or OPERATOR in its name.
    /// At least `required(id)`; the rest comes back on completion.
    function fund(uint256 id, uint64 kopeks) external;
    /// @notice Pay a batch; anyone, from the due date on. Completes the run when the units paid reach the units due.
    function distribute(uint256 id, address[] calldata holders, uint64[] calldata withheldKopeks) external;
    /// @notice Before the first batch: the issuer until the due date, OPERATOR at any time (so an issuer can't wash a default away);
    /// escrow returns to the issuer.
    function cancel(uint256 id) external;
    /// @notice Past the due date and unfunded: OVERDUE; past the grace period: DEFAULTED; anyone.
    function markOverdue(uint256 id) external;
    function markDefaulted(uint256 id) external;
    /// @notice EARLY_PUT: tender own units into a declared run until its record date; adds to an earlier tender.
    function tender(uint256 id, uint64 units) external returns (uint256 encumbranceId);
    /// @notice Free tendered units: of a cancelled run anyone, of a defaulted one the holder or OPERATOR.
    function returnTender(uint256 id, address holder) external;
    /// @notice Where withheld tax goes and the largest share; four eyes (TREASURER).
    function setTaxRule(address taxAccount, uint16 maximumWithheldBps) external;
    function setGrace(uint40 graceSeconds) external;

    function run(uint256 id) external view returns (Run memory);
    function runOfRef(bytes32 ref) external view returns (uint256);
    /// @notice What `fund` demands: PER_UNIT exactly what will be paid, PER_HOLDER a bound. Reverts while the record date lies ahead.
    function required(uint256 id) external view returns (uint64 kopeks);
    function paid(uint256 id, address holder) external view returns (bool);
    function tenderOf(uint256 id, address holder) external view returns (uint64 units);
    function count() external view returns (uint256);
}
