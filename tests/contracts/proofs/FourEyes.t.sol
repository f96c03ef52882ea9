// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IAccessManager} from "@openzeppelin/contracts/access/manager/IAccessManager.sol";
import {FourEyes} from "../../../contracts/access/FourEyes.sol";
import {IFourEyes} from "../../../contracts/interfaces/IFourEyes.sol";
import {IIssueRegistry} from "../../../contracts/interfaces/IIssueRegistry.sol";
import {AnyManager, Proof} from "./Symbolic.sol";

/// @title The registry that FourEyes asks about tokens, in any state
contract AnyRegistry {
    mapping(address => bool) private _assets;

    function isAsset(address asset) external view returns (bool) {
        return _assets[asset];
    }
}

/// @title A room that remembers in its first slot how often it was called, whatever the call
contract Target {
    uint256 private _calls;

    fallback() external {
        ++_calls;
    }
}

contract FourEyesProof is Proof {
    FourEyes private _eyes;
    AnyManager private _manager;
    Target private _target;

    function setUp() public {
        _manager = new AnyManager();
        AnyRegistry registry = new AnyRegistry();
        _target = new Target();
        _eyes = new FourEyes(IAccessManager(address(_manager)), IIssueRegistry(address(registry)));
        ANY.enableSymbolicStorage(address(_manager));
        ANY.enableSymbolicStorage(address(registry));
        ANY.enableSymbolicStorage(address(_eyes));
        MACHINE.warp(ANY.createUint(40, "now"));
    }

    /// @notice A target is reached only by the approval of an open, unexpired proposal, by an officer who isn't its proposer, while both
    /// hold its role, with the very data that was proposed; and only once.
    function check_an_action_needs_two_different_officers(uint256 id, bytes memory data, address caller) external {
        IFourEyes.Proposal memory action = _eyes.proposal(id);
        MACHINE.assume(action.target == address(_target));
        MACHINE.prank(caller);
        (bool done,) = address(_eyes).call(abi.encodeCall(IFourEyes.approve, (id, data)));
        if (!done) {
            assert(_calls() == 0);
            return;
        }
        assert(_calls() == 1);
        assert(action.state == IFourEyes.State.PROPOSED);
        assert(action.expiresAt >= block.timestamp);
        assert(action.dataHash == keccak256(data));
        assert(caller != action.proposer);
        assert(_holds(action.role, caller) && _holds(action.role, action.proposer));
        assert(_eyes.proposal(id).state == IFourEyes.State.EXECUTED);
    }

    /// @notice No other function reaches a target.
    function check_nothing_but_approval_reaches_a_target(address caller) external {
        bytes memory data = ANY.createCalldata("FourEyes");
        MACHINE.assume(bytes4(data) != IFourEyes.approve.selector);
        MACHINE.prank(caller);
        (bool done,) = address(_eyes).call(data);
        assert(_calls() == 0);
        done;
    }

    /// @notice A proposer, once written, and what was proposed never change, and a closed proposal stays closed: whatever is called.
    function check_a_proposal_is_never_rewritten(uint256 id, address caller) external {
        IFourEyes.Proposal memory was = _eyes.proposal(id);
        MACHINE.assume(id <= _eyes.count() && was.target == address(_target));
        bytes memory data = ANY.createCalldata("FourEyes");
        MACHINE.assume(bytes4(data) != IFourEyes.approve.selector);
        MACHINE.prank(caller);
        (bool done,) = address(_eyes).call(data);
        IFourEyes.Proposal memory present = _eyes.proposal(id);
        assert(present.proposer == was.proposer && present.role == was.role && present.target == was.target);
        assert(present.dataHash == was.dataHash && present.expiresAt == was.expiresAt);
        assert(was.state == IFourEyes.State.PROPOSED || present.state == was.state);
        done;
    }

    /// @notice Whoever proposes is written down as the proposer and holds the role that the rule of the action names.
    function check_the_proposer_is_the_sender(address target, bytes memory data, bytes32 reason, bytes32 document)
        external
    {
        address caller = ANY.createAddress("caller");
        uint40 expiry = uint40(ANY.createUint(40, "expiry"));
        MACHINE.prank(caller);
        (bool done, bytes memory answer) =
            address(_eyes).call(abi.encodeCall(IFourEyes.propose, (target, data, reason, document, expiry)));
        if (!done) return;
        IFourEyes.Proposal memory action = _eyes.proposal(abi.decode(answer, (uint256)));
        assert(action.proposer == caller && action.state == IFourEyes.State.PROPOSED && action.dataHash == keccak256(data));
        assert(action.role != 0 && action.role == _eyes.roleFor(target, bytes4(data)) && _holds(action.role, caller));
        assert(reason != 0 && document != 0);
    }

    function _calls() private view returns (uint256) {
        return uint256(MACHINE.load(address(_target), 0));
    }

    function _holds(uint64 role, address who) private view returns (bool) {
        (bool member, uint32 delay) = _manager.hasRole(role, who);
        return member && delay == 0;
    }
}
