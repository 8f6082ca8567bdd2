#include "tools/millrace/demo_orders.hpp"

#include "engine/core/error.hpp"
#include "tools/millrace/demo_rows.hpp"
#include "tools/sample/order_generator.hpp"
#include "tools/text/row_reader.hpp"

namespace millrace::tools {

demo_orders::demo_orders(const engine::row_schema& schema)
    : schema_(&schema), id_column_(schema.index_of("CL_ORD_ID")) {}

bool demo_orders::insert(std::string_view id) {
    const auto [place, is_new] = by_id_.try_emplace(std::string(id), ids_.size());
    if (is_new) {
        ids_.push_back(place->first);
    }
    return is_new;
}

void demo_orders::load_fed(const std::filesystem::path& order_log) {
    for_each_row(order_log, {"CL_ORD_ID"},
                 [this](const engine::row_view& row, const std::vector<std::size_t>& columns) {
                     static_cast<void>(insert(row.text(columns[0])));
                 });
    fed_before_ = ids_.size();
    is_asked_.assign(fed_before_, false);
}

void demo_orders::add(const engine::row_builder& row, const std::string& where) {
    const std::string_view id = row.view().text(id_column_);
    const std::size_t known = index_of(id);
    const bool is_fed = known < fed_before_;
    if (is_fed ? is_asked_[known] : known < count()) {
        throw engine::config_error(where + ": CL_ORD_ID '" + std::string(id) +
                                   "' comes a second time");
    }
    ++asked_count_;
    if (is_fed) {
        is_asked_[known] = true;
        return;
    }
    static_cast<void>(insert(id));
    const auto payload = row.payload();
    bytes_.insert(bytes_.end(), payload.begin(), payload.end());
    ends_.push_back(bytes_.size());
}

void demo_orders::load_csv(const std::string& path) {
    std::vector<std::byte> buffer(schema_->payload_size() + 4096);
    engine::row_builder row(*schema_, buffer);
    const auto reader = make_row_reader(text_input::open(path), *schema_);
    while (reader->next(row)) {
        add(row, path + ":" + std::to_string(reader->line()));
    }
}

void demo_orders::generate(std::uint64_t seed, std::uint64_t count) {
    const order_generator generator(seed);
    std::string csv(order_generator::csv_header);
    csv += '\n';
    for (std::uint64_t index = 0; index < count; ++index) {
        csv += generator.csv_row(index);
        if (csv.back() != '\n') {
            csv += '\n';
        }
    }
    std::vector<std::byte> buffer(schema_->payload_size() + 4096);
    engine::row_builder row(*schema_, buffer);
    const auto reader =
        make_row_reader(text_input::from_memory(std::move(csv), "generated.csv"), *schema_);
    while (reader->next(row)) {
        add(row, "generated orders");
    }
}

std::span<std::byte> demo_orders::payload(std::size_t index) noexcept {
    const std::size_t row = index - fed_before_;
    const std::size_t begin = row == 0 ? 0 : ends_[row - 1];
    return std::span(bytes_).subspan(begin, ends_[row] - begin);
}

std::size_t demo_orders::index_of(std::string_view cl_ord_id) const noexcept {
    const auto found = by_id_.find(cl_ord_id);
    return found == by_id_.end() ? count() : found->second;
}

}  // namespace millrace::tools
