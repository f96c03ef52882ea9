// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title Roots of the off-chain audit journal and of published documents, in sequence
interface IAnchors {
    enum Kind {
        JOURNAL,
        DOCUMENTS,
        REGISTERS
    }

    /// @notice A root was anchored: entries firstEntry..lastEntry; `previous` is the root before it, zero for the first.
    event Anchored(
        Kind indexed kind, uint64 indexed sequence, bytes32 root, bytes32 previous, uint64 firstEntry, uint64 lastEntry
    );

    /// @notice The next entry of the journal is `expectedFirst`.
    error AnchorOutOfSequence(Kind kind, uint64 expectedFirst, uint64 givenFirst);
    /// @notice Nothing to anchor.
    error AnchorEmpty();

    /// @notice Anchor the entries firstEntry..lastEntry; OPERATOR. `firstEntry` must follow the last anchored entry of that kind.
    function anchor(Kind kind, bytes32 root, uint64 firstEntry, uint64 lastEntry) external returns (uint64 sequence);
    /// @notice Sequence number, root and last entry of the latest anchor of a kind; zeros when there is none.
    function latest(Kind kind) external view returns (uint64 sequence, bytes32 root, uint64 lastEntry);
}
