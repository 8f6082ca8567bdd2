// The nine derived dictionaries as the installed QuickFIX reads them, against its own headers as
// header_facts.py reads them. C++14, the last standard QuickFIX's headers compile under.
#include <gtest/gtest.h>
#include <quickfix/DataDictionary.h>

#include <fstream>
#include <map>
#include <memory>
#include <set>
#include <sstream>
#include <string>
#include <vector>

namespace {

using tag_list = std::vector<int>;

constexpr int tag_max = 2000;  // above every tag of the nine versions

struct group_facts {
    tag_list path;  // counters, the outermost first
    int delimiter = 0;
    tag_list order;  // as the group's constructor has it: without the counters of inner groups
    std::set<int> members;
};

struct message_facts {
    std::string type;
    std::string name;
    tag_list order;  // of the members; in old versions the headers have groups behind the fields
    std::set<int> members;
    std::set<int> required;
    std::vector<group_facts> groups;
};

struct version_facts {
    std::set<int> header;
    std::set<int> trailer;
    std::vector<message_facts> messages;
};

std::set<int> as_set(const tag_list& tags) {
    return {tags.begin(), tags.end()};
}

tag_list read_tags(std::istream& words) {
    tag_list result;
    for (int tag = 0; words >> tag;) {
        result.push_back(tag);
    }
    words.clear();
    return result;
}

group_facts read_group(std::istream& words) {
    group_facts group;
    std::string path;
    words >> path >> group.delimiter;
    std::istringstream steps(path);
    for (std::string step; std::getline(steps, step, '/');) {
        group.path.push_back(std::stoi(step));
    }
    group.order = read_tags(words);
    std::string all;
    words >> all;
    group.members = as_set(read_tags(words));
    return group;
}

std::map<std::string, version_facts> read_facts() {
    std::map<std::string, version_facts> result;
    std::ifstream input(MILLRACE_HEADER_FACTS);
    EXPECT_TRUE(input) << "cannot read " << MILLRACE_HEADER_FACTS;
    version_facts* version = nullptr;
    for (std::string line; std::getline(input, line);) {
        std::istringstream words(line);
        std::string kind;
        words >> kind;
        if (kind == "version") {
            words >> kind;
            version = &result[kind];
        } else if (kind == "header") {
            version->header = as_set(read_tags(words));
        } else if (kind == "trailer") {
            version->trailer = as_set(read_tags(words));
        } else if (kind == "message") {
            version->messages.emplace_back();
            words >> version->messages.back().type >> version->messages.back().name;
        } else if (kind == "members") {
            version->messages.back().order = read_tags(words);
            version->messages.back().members = as_set(version->messages.back().order);
        } else if (kind == "required") {
            version->messages.back().required = as_set(read_tags(words));
        } else if (kind == "group") {
            version->messages.back().groups.push_back(read_group(words));
        }
    }
    return result;
}

const std::map<std::string, version_facts>& facts() {
    static const std::map<std::string, version_facts> all = read_facts();
    return all;
}

struct expectation {
    const char* file;
    std::size_t message_count;
};

void PrintTo(const expectation& wanted, std::ostream* out) {
    *out << wanted.file;
}

class DerivedDictionary : public testing::TestWithParam<expectation> {
protected:
    DerivedDictionary() {
        const std::string path = std::string(MILLRACE_TEST_DICTIONARIES) + "/" + GetParam().file;
        loaded_.preserveMessageFieldsOrder(true);
        loaded_.readFromURL(path + ".xml");
    }

    const version_facts& wanted() const { return facts().at(GetParam().file); }

    // The dictionary of a group's entries, or null.
    const FIX::DataDictionary* find_group(const std::string& type, const tag_list& path,
                                          int& delimiter) const {
        const FIX::DataDictionary* found = &loaded_;
        for (const int counter : path) {
            const FIX::DataDictionary* inner = nullptr;
            if (!found->getGroup(type, counter, delimiter, inner)) {
                return nullptr;
            }
            found = inner;
        }
        return found;
    }

    FIX::DataDictionary loaded_;
};

TEST_P(DerivedDictionary, HasEveryMessageOfTheHeadersAndNoOther) {
    EXPECT_EQ(wanted().messages.size(), GetParam().message_count);
    std::set<std::string> types;
    for (const message_facts& message : wanted().messages) {
        types.insert(message.type);
        std::string name;
        EXPECT_TRUE(loaded_.isMsgType(message.type)) << message.name;
        EXPECT_TRUE(loaded_.getValueName(35, message.type, name));
        EXPECT_EQ(name, message.name);
    }
    for (const auto& version : facts()) {
        for (const message_facts& message : version.second.messages) {
            EXPECT_EQ(loaded_.isMsgType(message.type), types.count(message.type) == 1)
                << message.name << " of " << version.first;
        }
    }
}

TEST_P(DerivedDictionary, HasEveryMemberOfTheHeadersAndNoOther) {
    for (const message_facts& message : wanted().messages) {
        for (int tag = 1; tag < tag_max; ++tag) {
            EXPECT_EQ(loaded_.isMsgField(message.type, tag), message.members.count(tag) == 1)
                << message.name << " " << tag;
        }
    }
    for (int tag = 1; tag < tag_max; ++tag) {
        EXPECT_EQ(loaded_.isHeaderField(tag), wanted().header.count(tag) == 1) << tag;
        EXPECT_EQ(loaded_.isTrailerField(tag), wanted().trailer.count(tag) == 1) << tag;
    }
}

TEST_P(DerivedDictionary, KeepsTheOrderOfTheFields) {
    for (const message_facts& message : wanted().messages) {
        if (message.order.empty()) {
            continue;  // XMLnonFIX has a header alone
        }
        const FIX::message_order& order = loaded_.getMessageOrderedFields(message.type);
        int before = 0;
        for (const int tag : message.order) {
            if (loaded_.isGroup(message.type, tag)) {
                continue;
            }
            EXPECT_TRUE(before == 0 || order(before, tag)) << message.name << " " << tag;
            before = tag;
        }
    }
}

// A constructor takes the fields a message requires; a required group is no parameter.
TEST_P(DerivedDictionary, RequiresWhatTheConstructorsTake) {
    for (const message_facts& message : wanted().messages) {
        for (const int tag : message.members) {
            if (!loaded_.isGroup(message.type, tag)) {
                EXPECT_EQ(loaded_.isRequiredField(message.type, tag),
                          message.required.count(tag) == 1)
                    << message.name << " " << tag;
            }
        }
    }
}

TEST_P(DerivedDictionary, HasEveryGroupWithItsDelimiterMembersAndOrder) {
    for (const message_facts& message : wanted().messages) {
        std::set<int> counters;
        for (const group_facts& group : message.groups) {
            if (group.path.size() == 1) {
                counters.insert(group.path.front());
            }
            int delimiter = 0;
            const FIX::DataDictionary* found = find_group(message.type, group.path, delimiter);
            ASSERT_NE(found, nullptr) << message.name << " " << group.path.back();
            EXPECT_EQ(delimiter, group.delimiter) << message.name << " " << group.path.back();
            for (int tag = 1; tag < tag_max; ++tag) {
                EXPECT_EQ(found->isField(tag), group.members.count(tag) == 1)
                    << message.name << " " << group.path.back() << " " << tag;
            }
            const FIX::message_order& order = found->getOrderedFields();
            for (std::size_t i = 1; i < group.order.size(); ++i) {
                EXPECT_TRUE(order(group.order[i - 1], group.order[i]))
                    << message.name << " " << group.path.back() << " " << group.order[i];
            }
        }
        for (const int tag : message.members) {
            EXPECT_EQ(loaded_.isGroup(message.type, tag), counters.count(tag) == 1)
                << message.name << " " << tag;
        }
    }
}

INSTANTIATE_TEST_SUITE_P(Versions, DerivedDictionary,
                         testing::Values(expectation{"FIX40", 27}, expectation{"FIX41", 28},
                                         expectation{"FIX42", 46}, expectation{"FIX43", 68},
                                         expectation{"FIX44", 93}, expectation{"FIX50", 93},
                                         expectation{"FIX50SP1", 105}, expectation{"FIX50SP2", 108},
                                         expectation{"FIXT11", 7}),
                         [](const testing::TestParamInfo<expectation>& each) {
                             return std::string(each.param.file);
                         });

}  // namespace
