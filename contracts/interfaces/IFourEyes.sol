// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title Two officers for one dangerous action
/// @notice An officer proposes a call with a reason code and the hash of the document that justifies it; another officer of the
/// same role approves it, and it executes in that transaction. The proposer can never approve. Source: 259-ФЗ ст. 6, operator's rules.
interface IFourEyes {
    enum State {
        NONE,
        PROPOSED,
        EXECUTED,
        CANCELLED
    }

    struct Proposal {
        address proposer;
        uint64 role;
        State state;
        address target;
        uint40 expiresAt;
        bytes32 dataHash;
        bytes32 reason;
        bytes32 documentHash;
    }

    /// @notice Officers of `role` decide from now on about that function; 0 takes the rule away.
    event RuleSet(address indexed target, bytes4 indexed selector, uint64 role);
    /// @notice An officer proposed a call, with the reason and the hash of the document that justify it.
    event ActionProposed(
        uint256 indexed id,
        address indexed proposer,
        address indexed target,
        uint64 role,
        bytes data,
        bytes32 reason,
        bytes32 documentHash,
        uint40 expiresAt
    );
    /// @notice A second officer approved, and the call was made in this transaction.
    event ActionExecuted(uint256 indexed id, address indexed approver, bytes result);
    /// @notice A proposal was withdrawn.
    event ActionCancelled(uint256 indexed id, address indexed officer);

    /// No rule names the role that may propose `selector` on `target`.
    error ActionUnknown(address target, bytes4 selector);
    /// @notice Proposal `id` is closed already.
    error ActionNotProposed(uint256 id, State state);
    /// @notice Proposal `id` expired on `expiresAt`.
    error ActionExpired(uint256 id, uint40 expiresAt);
    /// @notice Invalid expiry of the proposal: `expiresAt`.
    error ActionExpiryInvalid(uint40 expiresAt);
    /// @notice Another officer must approve proposal `id`.
    error ActionSameOfficer(uint256 id, address officer);
    /// @notice The approval differs from proposal `id`.
    error ActionDataDiffers(uint256 id, bytes32 expected, bytes32 given);
    /// @notice A document that justifies the action is needed.
    error ActionWithoutDocument();

    /// @notice Propose a call. The caller must hold the role that the rule of (target, selector) names.
    function propose(address target, bytes calldata data, bytes32 reason, bytes32 documentHash, uint40 expiresAt)
        external
        returns (uint256 id);

    /// @notice Approve and execute. `data` must be the proposed call data; reverts with the target's own error if the call fails.
    function approve(uint256 id, bytes calldata data) external returns (bytes memory result);

    /// @notice Withdraw a proposal: by its proposer or any officer of its role.
    function cancel(uint256 id) external;

    /// @notice Name the role for a function. `target` zero means: every token that the IssueRegistry deployed. Four-eyed itself after deployment.
    function setRule(address target, bytes4 selector, uint64 role) external;

    /// @notice The role whose officers decide about a function; 0 when nobody may propose it.
    function roleFor(address target, bytes4 selector) external view returns (uint64);
    /// @notice A proposal by number; state NONE when there is none.
    function proposal(uint256 id) external view returns (Proposal memory);
    /// @notice How many proposals were ever made; they are numbered from 1.
    function count() external view returns (uint256);
}
