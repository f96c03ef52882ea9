// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title The register of issues (реестр выпусков)
/// @notice An issue enters by four eyes of MODERATOR: the approving transaction deploys the token from code that the registry carries and
/// opens its placement.
interface IIssueRegistry {
    enum IssueState {
        NONE,
        PLACEMENT,
        FAILED,
        CIRCULATION,
        REDEEMED,
        CLOSED
    }
    enum TransferMode {
        FREE_BETWEEN_PARTICIPANTS,
        VENUES_ONLY
    }

    /// Terms of the right; immutable in the token.
    struct Terms {
        bytes32 issueId; // keccak256 of the operator's issue number
        address issuer;
        bytes32 decisionHash; // sha-256 of the canonical decision
        string name;
        string symbol;
        uint64 nominalKopeks;
        uint64 maximumUnits;
        uint8 accessClass; // one class bit: 1 FREE, 2 LIMIT, 4 TEST, 8 QUAL
        uint40 lockedUntil; // 0 = no lock-up; holders can't move units at or before it
        uint40 maturity;
        TransferMode transferMode;
        bool burnOnIssuerAcquire;
        uint40[] recordDates; // ascending; number n is counted from 1; the last one ends circulation
    }

    struct Issue {
        IssueState state;
        address asset;
        address issuer;
        bytes32 decisionHash;
    }

    /// @notice An issue has entered the register and its token exists.
    event IssueDeployed(
        bytes32 indexed issueId, address indexed asset, address indexed issuer, bytes32 decisionHash
    );
    /// @notice An issue has moved along its life.
    event IssueStateChanged(bytes32 indexed issueId, IssueState from, IssueState to);

    /// @notice This issue is in the register already.
    error IssueExists(bytes32 issueId);
    /// @notice No such issue in the register.
    error IssueUnknown(bytes32 issueId);
    /// @notice Invalid term of the issue: `field`.
    error IssueTermsInvalid(string field);
    /// @notice Not possible in the present state of the issue.
    error IssueWrongState(bytes32 issueId, IssueState state, IssueState wanted);

    /// @notice Deploy the token and open its placement; four eyes (MODERATOR). `placementTerms` is IPlacement.PlacementTerms.
    function deploy(Terms calldata terms, PlacementTerms calldata placementTerms) external returns (address asset);

    /// @notice Move an issue along its life; VENUE, allowed moves only.
    function advance(bytes32 issueId, IssueState to) external;

    /// @notice Close a redeemed issue without units, or a failed one without open orders; anyone.
    function close(bytes32 issueId) external;

    /// @notice An issue of the register; state NONE when there is none.
    function issue(bytes32 issueId) external view returns (Issue memory);
    /// @notice The issue of a token; zero for what is no token of the register.
    function issueIdOf(address asset) external view returns (bytes32);
    /// @notice Was this token deployed by the register?
    function isAsset(address asset) external view returns (bool);

    enum Allocation {
        FIFO,
        PRO_RATA,
        ISSUER_CHOICE
    }

    /// Terms of the primary sale.
    struct PlacementTerms {
        uint64 priceKopeks;
        uint64 minimumUnits; // below it no issue
        uint64 orderMin;
        uint64 orderMax;
        uint40 startsAt;
        uint40 endsAt; // cut-off, inclusive to the second
        uint40 creditingAt; // not settled before it
        Allocation allocation;
    }
}
