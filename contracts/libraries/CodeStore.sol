// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Errors} from "@openzeppelin/contracts/utils/Errors.sol";

/// @title Creation code kept as the code of a data contract, so that it need not fit into the code of its user (EIP-170)
library CodeStore {
    /// @notice Make a data contract that holds `code` after a STOP byte; at most 24,575 bytes.
    function write(bytes memory code) internal returns (address store) {
        // PUSH2 length, DUP1, PUSH1 10, RETURNDATASIZE, CODECOPY, RETURNDATASIZE, RETURN: returns all that follows itself
        bytes memory init = abi.encodePacked(hex"61", uint16(code.length + 1), hex"80600a3d393df300", code);
        store = _create(init);
    }

    /// @notice Create a contract from the stored code and the ABI-encoded constructor arguments; its revert passes through.
    function create(address store, bytes memory arguments) internal returns (address made) {
        uint256 length = store.code.length - 1;
        bytes memory code = new bytes(length);
        assembly ("memory-safe") {
            extcodecopy(store, add(code, 0x20), 1, length)
        }
        made = _create(bytes.concat(code, arguments));
    }

    function _create(bytes memory init) private returns (address made) {
        assembly ("memory-safe") {
            made := create(0, add(init, 0x20), mload(init))
            if and(iszero(made), gt(returndatasize(), 0)) {
                let free := mload(0x40)
                returndatacopy(free, 0, returndatasize())
                revert(free, returndatasize())
            }
        }
        if (made == address(0)) revert Errors.FailedDeployment();
    }
}
