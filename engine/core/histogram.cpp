#include "engine/core/histogram.hpp"

#include <cmath>

#include "engine/core/error.hpp"

namespace millrace::engine {

histogram::histogram(histogram_precision precision)
    : sub_bucket_bits_(static_cast<int>(precision)),
      counts_(index_of(static_cast<std::uint64_t>(value_max_ns)) + 1) {}

std::int64_t histogram::highest_value_of(std::size_t index) const noexcept {
    const int bits = sub_bucket_bits_;
    const std::size_t half = std::size_t{1} << (bits - 1);
    if (index < 2 * half) {
        return static_cast<std::int64_t>(index);
    }
    const std::size_t shift = index / half - 1;
    const std::size_t sub_bucket = index - shift * half;
    return static_cast<std::int64_t>(((sub_bucket + 1) << shift) - 1);
}

std::int64_t histogram::percentile_ns(double percentile) const noexcept {
    if (count_ == 0) {
        return 0;
    }
    const double share = std::clamp(percentile, 0.0, 100.0) / 100.0;
    // Rounding must not push a rank that is whole in decimal (99.9 % of 1000) to the next value.
    const double exact_rank = share * static_cast<double>(count_);
    const auto rank = std::max<std::uint64_t>(
        1, std::min(count_, static_cast<std::uint64_t>(std::ceil(exact_rank * (1 - 1e-15)))));
    std::uint64_t seen = 0;
    for (std::size_t index = 0; index < counts_.size(); ++index) {
        seen += counts_[index];
        if (seen >= rank) {
            return std::min(highest_value_of(index), max_ns_);
        }
    }
    return max_ns_;
}

void histogram::merge(const histogram& other) {
    if (other.sub_bucket_bits_ != sub_bucket_bits_) {
        throw config_error("histograms of different precision cannot be merged");
    }
    for (std::size_t index = 0; index < counts_.size(); ++index) {
        counts_[index] += other.counts_[index];
    }
    count_ += other.count_;
    out_of_range_count_ += other.out_of_range_count_;
    min_ns_ = std::min(min_ns_, other.min_ns_);
    max_ns_ = std::max(max_ns_, other.max_ns_);
    sum_ns_ += other.sum_ns_;
}

void histogram::reset() noexcept {
    std::fill(counts_.begin(), counts_.end(), std::uint64_t{0});
    count_ = 0;
    out_of_range_count_ = 0;
    min_ns_ = value_max_ns;
    max_ns_ = 0;
    sum_ns_ = 0;
}

}  // namespace millrace::engine
