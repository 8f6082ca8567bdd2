#include "engine/table/predicate_parser.hpp"

#include <utility>

#include "engine/core/error.hpp"
#include "engine/table/nearest.hpp"
#include "engine/table/predicate_literal.hpp"
#include "engine/table/predicate_mark.hpp"

namespace millrace::engine::detail {

namespace {

enum class token_kind : std::uint8_t { end, word, quoted_word, number, text, symbol };

struct token {
    token_kind kind = token_kind::end;
    std::string_view spelling;
    std::size_t at = 0;  // 0-based
};

bool is_space(char c) noexcept {
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}
bool is_digit(char c) noexcept {
    return c >= '0' && c <= '9';
}
bool is_word(char c) noexcept {
    return is_digit(c) || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '_';
}

[[noreturn]] void refuse(std::size_t at, const std::string& reason) {
    throw config_error("where, character " + std::to_string(at + 1) + ": " + reason);
}

class lexer {
public:
    explicit lexer(std::string_view text) : text_(text) {}

    token next() {
        while (at_ < text_.size() && is_space(text_[at_])) {
            ++at_;
        }
        if (at_ == text_.size()) {
            return {token_kind::end, {}, at_};
        }
        const char c = text_[at_];
        if (c == '\'') {
            return take_quoted(token_kind::text);
        }
        if (c == '"') {
            return take_quoted(token_kind::quoted_word);
        }
        if (is_digit(c) || c == '-' || c == '+' || c == '.') {
            return take_number();
        }
        if (is_word(c)) {
            std::size_t end = at_;
            while (end < text_.size() && (is_word(text_[end]) || text_[end] == '.')) {
                ++end;
            }
            return take(token_kind::word, end);
        }
        return take_symbol();
    }

private:
    token take(token_kind kind, std::size_t end) {
        const token result{kind, text_.substr(at_, end - at_), at_};
        at_ = end;
        return result;
    }

    // The spelling has no outer quotes, doubled ones inside stay doubled.
    token take_quoted(token_kind kind) {
        const char quote = text_[at_];
        const std::size_t start = at_;
        for (std::size_t end = start + 1; end < text_.size(); ++end) {
            if (text_[end] != quote) {
                continue;
            }
            if (end + 1 < text_.size() && text_[end + 1] == quote) {
                ++end;
                continue;
            }
            at_ = end + 1;
            return {kind, text_.substr(start + 1, end - start - 1), start};
        }
        refuse(start, std::string("the ") + quote + " is never closed");
    }

    // Takes all that could be meant as a number; whether it is one is seen when it is read.
    token take_number() {
        std::size_t end = at_ + 1;
        while (end < text_.size()) {
            const char c = text_[end];
            const bool is_sign_of_exponent =
                (c == '-' || c == '+') && (text_[end - 1] == 'e' || text_[end - 1] == 'E');
            if (!is_word(c) && c != '.' && !is_sign_of_exponent) {
                break;
            }
            ++end;
        }
        return take(token_kind::number, end);
    }

    token take_symbol() {
        const std::string_view rest = text_.substr(at_);
        for (const std::string_view symbol :
             {"!=", "<>", "<=", ">=", "=", "<", ">", "(", ")", ","}) {
            if (rest.starts_with(symbol)) {
                return take(token_kind::symbol, at_ + symbol.size());
            }
        }
        refuse(at_, "unexpected character" +
                        (rest[0] > ' ' && rest[0] < 127 ? " " + std::string(1, rest[0]) : ""));
    }

    std::string_view text_;
    std::size_t at_ = 0;
};

class parser {
public:
    parser(std::string_view text, const row_schema& schema, const row_fields* fields)
        : lexer_(text), schema_(schema), fields_(fields) {
        advance();
    }

    where_tree parse() {
        parse_list(where_kind::any);
        if (token_.kind != token_kind::end) {
            refuse_token("expected and, or, or the end");
        }
        return std::move(tree_);
    }

private:
    void advance() { token_ = lexer_.next(); }

    [[nodiscard]] bool is_keyword(std::string_view keyword) const {
        return token_.kind == token_kind::word && equal_ignoring_case(token_.spelling, keyword);
    }
    [[nodiscard]] bool is_symbol(std::string_view symbol) const {
        return token_.kind == token_kind::symbol && token_.spelling == symbol;
    }
    bool skip_keyword(std::string_view keyword) {
        if (is_keyword(keyword)) {
            advance();
            return true;
        }
        return false;
    }
    bool skip_symbol(std::string_view symbol) {
        if (is_symbol(symbol)) {
            advance();
            return true;
        }
        return false;
    }
    [[noreturn]] void refuse_token(const std::string& expected) const {
        refuse(token_.at,
               expected + (token_.kind == token_kind::end
                               ? ", but the condition ends here"
                               : ", found '" + std::string(token_.spelling.substr(0, 40)) + "'"));
    }

    std::uint32_t add(where_node node) {
        tree_.nodes.push_back(std::move(node));
        return static_cast<std::uint32_t>(tree_.nodes.size() - 1);
    }

    // Members joined by `or` (any) or, one level below, by `and` (all). Returns the node.
    std::uint32_t parse_list(where_kind kind) {
        const auto parse_member = [&] {
            return kind == where_kind::any ? parse_list(where_kind::all) : parse_factor();
        };
        const std::uint32_t first = parse_member();
        where_node list{.kind = kind, .is_negated = false, .test = {}, .children = {first}};
        while (skip_keyword(kind == where_kind::any ? "or" : "and")) {
            list.children.push_back(parse_member());
        }
        return list.children.size() == 1 ? first : add(std::move(list));
    }

    std::uint32_t parse_factor() {
        const bool is_not = is_keyword("not");
        if (!is_not && !is_symbol("(")) {
            return parse_test();
        }
        if (++depth_ > predicate::depth_max) {
            refuse(token_.at, "more than 64 levels of not and (");
        }
        advance();
        std::uint32_t node = 0;
        if (is_not) {
            node = parse_factor();
            tree_.nodes[node].is_negated = !tree_.nodes[node].is_negated;
        } else {
            node = parse_list(where_kind::any);
            if (!skip_symbol(")")) {
                refuse_token("expected )");
            }
        }
        --depth_;
        return node;
    }

    std::uint32_t parse_test() {
        if (token_.kind != token_kind::word && token_.kind != token_kind::quoted_word) {
            refuse_token("expected a column");
        }
        if (token_.kind == token_kind::word && is_mark(token_.spelling)) {
            subject_ = find_mark();
        } else {
            find_column();
        }
        advance();
        if (skip_keyword("is")) {
            const bool is_negated = skip_keyword("not");
            if (!skip_keyword("empty")) {
                refuse_token("expected empty");
            }
            refuse_unless_it_can_be_empty();
            test condition;
            condition.kind = test_kind::is_empty;
            return add_test(condition, is_negated);
        }
        const bool is_negated = skip_keyword("not");
        if (skip_keyword("in")) {
            return parse_in(is_negated);
        }
        if (skip_keyword("like")) {
            return parse_like(is_negated);
        }
        if (is_negated) {
            refuse_token("expected in or like");
        }
        return parse_comparison();
    }

    [[nodiscard]] const schema_column& subject_column() const {
        if (subject_ == where_subject::field) {
            return field_->column;
        }
        return subject_ == where_subject::column ? schema_.column(column_) : mark_column(subject_);
    }
    // Event, user and fields are compared as the columns they are like.
    [[nodiscard]] bool is_like_column() const {
        return subject_ == where_subject::column || subject_ == where_subject::field ||
               is_name(subject_);
    }
    void refuse_unless_it_can_be_empty() const {
        if (subject_ == where_subject::operation || subject_ == where_subject::correlation) {
            refuse(token_.at, subject_column().name + " is never empty");
        }
    }
    [[nodiscard]] where_subject find_mark() const {
        std::string reason;
        const where_subject found = mark_of(token_.spelling, reason);
        if (!reason.empty()) {
            refuse(token_.at, reason);
        }
        return found;
    }
    // A column; else a field of whoever lent theirs.
    void find_column() {
        subject_ = where_subject::column;
        if (const std::optional<std::size_t> index = schema_.find(token_.spelling)) {
            column_ = *index;
            return;
        }
        if (fields_ != nullptr) {
            field_ = fields_->find(token_.spelling);
            if (field_) {
                subject_ = where_subject::field;
                column_ = field_->id;
                return;
            }
            refuse(token_.at, unknown_name(schema_, *fields_, token_.spelling));
        }
        try {
            column_ = schema_.index_of(token_.spelling);
        } catch (const config_error& failure) {
            refuse(token_.at, failure.what());
        }
    }

    std::uint32_t parse_comparison() {
        static constexpr std::pair<std::string_view, comparison> operators[] = {
            {"=", comparison::equal},         {"!=", comparison::not_equal},
            {"<>", comparison::not_equal},    {"<", comparison::less},
            {"<=", comparison::less_equal},   {">", comparison::greater},
            {">=", comparison::greater_equal}};
        for (const auto& [symbol, op] : operators) {
            if (skip_symbol(symbol)) {
                return add_comparison(op);
            }
        }
        refuse_token("expected = != < <= > >= in, like, or is, behind column " +
                     subject_column().name);
    }

    std::uint32_t add_comparison(comparison op) {
        const std::size_t at = token_.at;
        const literal operand = parse_literal();
        test condition;
        const std::string reason =
            is_like_column()
                ? make_comparison(subject_column(), op, operand, tree_.literals, condition)
                : make_mark_comparison(subject_, op, operand, tree_.literals, condition);
        if (!reason.empty()) {
            refuse(at, reason);
        }
        return add_test(condition, false);
    }

    std::uint32_t parse_in(bool is_negated) {
        if (!skip_symbol("(")) {
            refuse_token("expected ( behind in");
        }
        where_node list{
            .kind = where_kind::any, .is_negated = is_negated, .test = {}, .children = {}};
        do {
            list.children.push_back(add_comparison(comparison::equal));
        } while (skip_symbol(","));
        if (!skip_symbol(")")) {
            refuse_token("expected , or )");
        }
        return add(std::move(list));
    }

    std::uint32_t parse_like(bool is_negated) {
        const std::size_t at = token_.at;
        if (token_.kind != token_kind::text) {
            refuse_token("expected a 'text' behind like");
        }
        if (!is_like_column()) {
            refuse(at, subject_column().name + " takes = != and in, not like");
        }
        const literal pattern = parse_literal();
        test condition;
        const std::string reason =
            make_like(subject_column(), pattern.value, tree_.literals, condition);
        if (!reason.empty()) {
            refuse(at, reason);
        }
        return add_test(condition, is_negated);
    }

    literal parse_literal() {
        literal result;
        result.spelling = token_.spelling;
        if (token_.kind == token_kind::text) {
            result.kind = literal_kind::text;
            for (std::size_t i = 0; i < token_.spelling.size(); ++i) {
                result.value += token_.spelling[i];
                i += token_.spelling[i] == '\'' ? 1 : 0;  // the second of a doubled quote
            }
        } else if (is_keyword("true") || is_keyword("false")) {
            result.kind = literal_kind::boolean;
            result.truth = is_keyword("true");
        } else if (token_.kind != token_kind::number) {
            refuse_token("expected a number, a 'text', true or false");
        }
        advance();
        return result;
    }

    std::uint32_t add_test(test condition, bool is_negated) {
        condition.subject = subject_;
        condition.type = subject_column().type;
        if (subject_ == where_subject::column || subject_ == where_subject::field) {
            condition.column = static_cast<std::uint32_t>(column_);
        }
        return add({.kind = where_kind::test,
                    .is_negated = is_negated,
                    .test = condition,
                    .children = {}});
    }

    lexer lexer_;
    const row_schema& schema_;
    token token_;
    where_subject subject_ = where_subject::column;  // of the comparison being read
    std::size_t column_ = 0;                         // if that is a column or a field
    const row_fields* fields_;
    std::optional<row_fields::field> field_;  // if that is a field
    where_tree tree_;
    std::size_t depth_ = 0;
};

}  // namespace

where_tree parse_where(std::string_view text, const row_schema& schema, const row_fields* fields) {
    if (text.size() > predicate::text_size_max) {
        refuse(predicate::text_size_max, "longer than 16384 characters");
    }
    return parser(text, schema, fields).parse();
}

}  // namespace millrace::engine::detail
