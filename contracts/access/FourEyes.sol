// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IAccessManager} from "@openzeppelin/contracts/access/manager/IAccessManager.sol";
import {Address} from "@openzeppelin/contracts/utils/Address.sol";
import {IFourEyes} from "../interfaces/IFourEyes.sol";
import {IIssueRegistry} from "../interfaces/IIssueRegistry.sol";
import {Governed} from "./Governed.sol";

// slither-disable-start timestamp -- rules are set in days or hours; whoever makes a block can shift its time by seconds

/// @title Two officers for one dangerous action
contract FourEyes is IFourEyes, Governed {
    /// The role that may set rules: OpenZeppelin's ADMIN_ROLE, the deployer's during deployment and this contract's own afterwards.
    uint64 private constant ADMIN_ROLE = 0;
    uint40 public constant LONGEST_LIFE = 30 days;

    IIssueRegistry public immutable REGISTRY;

    /// @inheritdoc IFourEyes
    uint256 public count;
    mapping(address target => mapping(bytes4 selector => uint64 role)) private _rules;
    mapping(uint256 id => Proposal) private _proposals;

    constructor(IAccessManager manager, IIssueRegistry registry) Governed(manager) {
        REGISTRY = registry;
    }

    // --- Proposals ---------------------------------------------------------------------------------------------------

    /// @inheritdoc IFourEyes
    function propose(address target, bytes calldata data, bytes32 reason, bytes32 documentHash, uint40 expiresAt)
        external
        returns (uint256 id)
    {
        uint64 role = _roleOfCall(target, data);
        _requireRole(msg.sender, role);
        if (reason == 0 || documentHash == 0) revert ActionWithoutDocument();
        if (expiresAt <= block.timestamp || expiresAt > block.timestamp + LONGEST_LIFE) {
            revert ActionExpiryInvalid(expiresAt);
        }

        id = ++count;
        _proposals[id] = Proposal({
            proposer: msg.sender,
            role: role,
            state: State.PROPOSED,
            target: target,
            expiresAt: expiresAt,
            dataHash: keccak256(data),
            reason: reason,
            documentHash: documentHash
        });

        emit ActionProposed(id, msg.sender, target, role, data, reason, documentHash, expiresAt);
    }

    /// @inheritdoc IFourEyes
    function approve(uint256 id, bytes calldata data) external returns (bytes memory result) {
        Proposal storage action = _proposals[id];
        _requireProposed(id, action.state);
        if (block.timestamp > action.expiresAt) revert ActionExpired(id, action.expiresAt);
        if (keccak256(data) != action.dataHash) revert ActionDataDiffers(id, action.dataHash, keccak256(data));
        _requireOfficers(id, action.proposer, action.role);
        address target = action.target;
        // A rule that was changed or dropped since takes the proposal along.
        if (_roleOfCall(target, data) != action.role) revert ActionUnknown(target, bytes4(data));

        action.state = State.EXECUTED;
        result = Address.functionCall(target, data);

        emit ActionExecuted(id, msg.sender, result);
    }

    /// @inheritdoc IFourEyes
    function cancel(uint256 id) external {
        Proposal storage action = _proposals[id];
        _requireProposed(id, action.state);
        if (msg.sender != action.proposer) _requireRole(msg.sender, action.role);

        action.state = State.CANCELLED;

        emit ActionCancelled(id, msg.sender);
    }

    // --- Rules -------------------------------------------------------------------------------------------------------

    /// @inheritdoc IFourEyes
    function setRule(address target, bytes4 selector, uint64 role) external only(ADMIN_ROLE) {
        _rules[target][selector] = role;

        emit RuleSet(target, selector, role);
    }

    // --- Views -------------------------------------------------------------------------------------------------------

    /// @inheritdoc IFourEyes
    function roleFor(address target, bytes4 selector) public view returns (uint64 role) {
        role = _rules[target][selector];
        if (role == 0) {
            uint64 ofAssets = _rules[address(0)][selector];
            if (ofAssets != 0 && REGISTRY.isAsset(target)) role = ofAssets;
        }
    }

    /// @inheritdoc IFourEyes
    function proposal(uint256 id) external view returns (Proposal memory) {
        return _proposals[id];
    }

    // --- Checks ------------------------------------------------------------------------------------------------------

    function _roleOfCall(address target, bytes calldata data) private view returns (uint64 role) {
        // Data shorter than a selector would reach a fallback; padded with zeros it names no function that has a rule.
        bytes4 selector = data.length < 4 ? bytes4(0) : bytes4(data);
        role = data.length < 4 ? 0 : roleFor(target, selector);
        if (role == 0) revert ActionUnknown(target, selector);
    }

    /// Both hold the role now: an officer dismissed since proposing no longer counts as one of the two.
    function _requireOfficers(uint256 id, address proposer, uint64 role) private view {
        _requireRole(msg.sender, role);
        if (msg.sender == proposer) revert ActionSameOfficer(id, proposer);
        _requireRole(proposer, role);
    }

    function _requireProposed(uint256 id, State state) private pure {
        if (state != State.PROPOSED) revert ActionNotProposed(id, state);
    }
}

// slither-disable-end timestamp
