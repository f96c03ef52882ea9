// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title Many calls in one: how tests fill a register with thousands of holders and read a whole state at once
contract Each {
    /// @notice Make every call to `target`; the first that reverts passes its error on.
    function act(address target, bytes[] calldata calls) external {
        for (uint256 i; i < calls.length; ++i) {
            (bool done, bytes memory answer) = target.call(calls[i]);
            if (!done) {
                assembly ("memory-safe") {
                    revert(add(answer, 32), mload(answer))
                }
            }
        }
    }

    /// @return done whether each question was answered
    /// @return answers as they came, or the errors
    function ask(address[] calldata targets, bytes[] calldata questions)
        external
        view
        returns (bool[] memory done, bytes[] memory answers)
    {
        (done, answers) = (new bool[](targets.length), new bytes[](targets.length));
        for (uint256 i; i < targets.length; ++i) {
            (done[i], answers[i]) = targets[i].staticcall(questions[i]);
        }
    }
}
