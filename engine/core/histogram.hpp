// Counts latencies in buckets of fixed relative width, from one nanosecond to an hour.
//
// Threading  one thread at a time; a reader in the same process gets a copy, handed over by the
//            writer
// Progress   record() is O(1) and never allocates; all memory is had at construction
// Invariant  a reported value is at least the recorded one, and above it by at most
//            relative_error()
// Units      nanoseconds
// Errors     values outside [0, value_max_ns] are recorded as the nearer bound and counted apart;
//            merging different precisions throws config_error
// Source     Gil Tene's HdrHistogram: linear sub-buckets within powers of two
#pragma once

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace millrace::engine {

enum class histogram_precision : std::uint8_t {
    two_digits = 8,     // bits of a sub-bucket index: error <= 1/128, 37 KiB
    three_digits = 11,  // error <= 1/1024, 258 KiB
};

class histogram {
public:
    static constexpr std::int64_t value_max_ns = std::int64_t{3'600} * 1'000'000'000;

    explicit histogram(histogram_precision precision = histogram_precision::three_digits);

    void record(std::int64_t value_ns) noexcept { record(value_ns, 1); }
    void record(std::int64_t value_ns, std::uint64_t times) noexcept {
        const std::int64_t value = std::clamp<std::int64_t>(value_ns, 0, value_max_ns);
        out_of_range_count_ += value == value_ns ? 0 : times;
        counts_[index_of(static_cast<std::uint64_t>(value))] += times;
        count_ += times;
        min_ns_ = std::min(min_ns_, value);
        max_ns_ = std::max(max_ns_, value);
        sum_ns_ += static_cast<double>(value) * static_cast<double>(times);
    }

    // The value that `percentile` per cent (0 to 100) of the recorded ones do not exceed; 0 when
    // there are none.
    [[nodiscard]] std::int64_t percentile_ns(double percentile) const noexcept;
    [[nodiscard]] std::uint64_t count() const noexcept { return count_; }
    [[nodiscard]] std::uint64_t out_of_range_count() const noexcept { return out_of_range_count_; }
    [[nodiscard]] std::int64_t min_ns() const noexcept { return count_ == 0 ? 0 : min_ns_; }
    [[nodiscard]] std::int64_t max_ns() const noexcept { return max_ns_; }  // exact
    [[nodiscard]] double mean_ns() const noexcept {
        return count_ == 0 ? 0 : sum_ns_ / static_cast<double>(count_);
    }
    [[nodiscard]] double relative_error() const noexcept {
        return 1.0 / static_cast<double>(std::uint64_t{1} << (sub_bucket_bits_ - 1));
    }

    void merge(const histogram& other);
    void reset() noexcept;

    // Calls visit(highest value of the bucket, count) for each bucket that is not empty, in
    // ascending order.
    template <class Visitor>
    void for_each_bucket(Visitor&& visit) const {
        for (std::size_t index = 0; index < counts_.size(); ++index) {
            if (counts_[index] != 0) {
                visit(highest_value_of(index), counts_[index]);
            }
        }
    }

private:
    // Values below 2^bits have a bucket each. Above, each power of two is cut into 2^(bits - 1)
    // equal ones.
    [[nodiscard]] std::size_t index_of(std::uint64_t value) const noexcept {
        const int bits = sub_bucket_bits_;
        const int shift = std::max(static_cast<int>(std::bit_width(value)) - bits, 0);
        return (static_cast<std::size_t>(shift) << (bits - 1)) +
               static_cast<std::size_t>(value >> shift);
    }
    [[nodiscard]] std::int64_t highest_value_of(std::size_t index) const noexcept;

    int sub_bucket_bits_;
    std::vector<std::uint64_t> counts_;
    std::uint64_t count_ = 0;
    std::uint64_t out_of_range_count_ = 0;
    std::int64_t min_ns_ = value_max_ns;
    std::int64_t max_ns_ = 0;
    double sum_ns_ = 0;
};

}  // namespace millrace::engine
