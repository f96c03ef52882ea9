// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title Calendar of Moscow time (UTC+3 without summer time since 26.10.2014)
library MoscowTime {
    uint256 private constant OFFSET = 3 hours;

    /// @notice Calendar year in Moscow of a unix time; Gregorian, by H. Hinnant's civil_from_days for days after 01.03.0000.
    function year(uint256 timestamp) internal pure returns (uint16) {
        // Years that begin on 1 March put the leap day last; the era is a period of 400 years, 146,097 days.
        uint256 day = (timestamp + OFFSET) / 1 days + 719_468;
        // slither-disable-next-line divide-before-multiply -- whole eras are counted, the rest follows as dayOfEra
        uint256 era = day / 146_097;
        uint256 dayOfEra = day % 146_097;
        // slither-disable-next-line divide-before-multiply -- whole years are counted, the rest follows as dayOfYear
        uint256 yearOfEra = (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365;
        uint256 dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100);
        uint256 january = dayOfYear >= 306 ? 1 : 0; // January and February belong to the next calendar year
        // uint40 timestamps end in the year 36,812, within uint16
        return uint16(yearOfEra + era * 400 + january);
    }
}
