// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title What halmos offers: values that stand for all values, and a changeable world
interface Symbolic {
    function createUint(uint256 bits, string memory name) external pure returns (uint256);
    function createAddress(string memory name) external pure returns (address);
    function createBool(string memory name) external pure returns (bool);
    function createBytes32(string memory name) external pure returns (bytes32);
    function createCalldata(string memory contractName) external pure returns (bytes memory);
    function enableSymbolicStorage(address account) external;
}

/// @title Cheat codes of the test machine
interface Machine {
    function assume(bool condition) external pure;
    function prank(address sender) external;
    function warp(uint256 time) external;
    function load(address account, bytes32 slot) external view returns (bytes32);
    function store(address account, bytes32 slot, bytes32 value) external;
}

/// @title Base of every proof
abstract contract Proof {
    Symbolic internal constant ANY = Symbolic(0xF3993A62377BCd56AE39D773740A5390411E8BC9);
    Machine internal constant MACHINE = Machine(0x7109709ECfa91a80626fF3989D68f67F5b1DD12D);
}

/// @title An access manager in any state: who holds which role, and with what delay, is whatever its storage says
contract AnyManager {
    struct Membership {
        bool member;
        uint32 delay;
    }

    mapping(uint64 role => mapping(address who => Membership)) private _roles;

    function hasRole(uint64 role, address who) external view returns (bool, uint32) {
        Membership memory membership = _roles[role][who];
        return (membership.member, membership.delay);
    }
}
