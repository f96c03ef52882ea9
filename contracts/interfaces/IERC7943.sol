// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IERC165} from "@openzeppelin/contracts/utils/introspection/IERC165.sol";

/// @title ERC-7943 (uRWA) for fungible tokens, as final: interface id 0x3edbb4c4
interface IERC7943Fungible is IERC165 {
    /// @notice Units were taken from one address and given to another.
    event ForcedTransfer(address indexed from, address indexed to, uint256 amount);
    /// `amount` is what is frozen after the change.
    event Frozen(address indexed account, uint256 amount);

    /// @notice Take units from one address and give them to another, whatever is frozen.
    function forcedTransfer(address from, address to, uint256 amount) external returns (bool);
    /// @notice Set how many units of `account` may not move; may exceed its balance, so that units to come are held back too.
    function setFrozenTokens(address account, uint256 amount) external returns (bool);
    /// @notice Is the account eligible to send, whatever the amount and the receiver?
    function canSend(address account) external view returns (bool);
    /// @notice Is the account eligible to receive, whatever the amount and the sender?
    function canReceive(address account) external view returns (bool);
    /// @notice How many units are held back by setFrozenTokens; may exceed the balance.
    function getFrozenTokens(address account) external view returns (uint256);
    /// @notice Would a transfer ordered now by `from` pass every rule?
    function canTransfer(address from, address to, uint256 amount) external view returns (bool);
}
