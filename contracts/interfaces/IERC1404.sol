// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title ERC-1404: why a transfer would be refused
interface IERC1404 {
    /// @return code 0 when the transfer would pass, else a code of the Restrictions library.
    function detectTransferRestriction(address from, address to, uint256 value) external view returns (uint8 code);
    /// @notice What a code means, in a few words for people.
    function messageForTransferRestriction(uint8 code) external view returns (string memory);
}
