// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title Asking a contract of ours about a list of addresses, a word each
/// @notice The list goes out and the words come in as they lie: the coder's loops over them would cost a payout 450 gas a holder.
library Lists {
    /// @param selector of a view that takes (address[]), or (address[], uint) when `second` is not zero, and returns a list of
    /// values of the same length
    /// @return words the answer; a revert of the other contract is passed on
    function ask(address target, bytes4 selector, address[] calldata list, uint256 second)
        internal
        view
        returns (uint256[] memory words)
    {
        assembly ("memory-safe") {
            let start := mload(0x40)
            let head := add(start, 4)
            mstore(start, selector)
            let tail := add(head, 0x20)
            if second {
                mstore(tail, second)
                tail := add(tail, 0x20)
            }
            mstore(head, sub(tail, head)) // offset of the list
            mstore(tail, list.length)
            calldatacopy(add(tail, 0x20), list.offset, shl(5, list.length))
            let size := sub(add(add(tail, 0x20), shl(5, list.length)), start)

            if iszero(staticcall(gas(), target, start, size, 0, 0)) {
                returndatacopy(start, 0, returndatasize())
                revert(start, returndatasize())
            }
            returndatacopy(start, 0, returndatasize())
            words := add(start, 0x20) // behind the offset: length, then the values
            if or(lt(returndatasize(), 0x40), xor(mload(words), list.length)) { revert(0, 0) }
            mstore(0x40, add(start, returndatasize()))
        }
    }
}
