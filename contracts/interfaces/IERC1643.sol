// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title ERC-1643: documents of an asset by name: address, hash and date of the last change
interface IERC1643 {
    /// @notice A document was added or replaced.
    event DocumentUpdated(bytes32 indexed name, string uri, bytes32 documentHash);
    /// @notice A document was taken off the list.
    event DocumentRemoved(bytes32 indexed name, string uri, bytes32 documentHash);

    /// @notice Invalid document of the issue.
    error DocumentInvalid(bytes32 name);
    /// @notice No such document of the issue.
    error DocumentUnknown(bytes32 name);

    /// @notice Add a document or replace the one of that name; four eyes (MODERATOR).
    function setDocument(bytes32 name, string calldata uri, bytes32 documentHash) external;
    /// @notice Take a document off the list; four eyes (MODERATOR). The chain's log keeps it.
    function removeDocument(bytes32 name) external;
    /// @return uri, hash and unix time of the last change; empty when there is none.
    function getDocument(bytes32 name) external view returns (string memory, bytes32, uint256);
    /// @notice Names of the documents there are.
    function getAllDocuments() external view returns (bytes32[] memory);
}
